// Package intake admits what clients send: it turns a body into an input of the core, or says what
// is wrong with it.
//
// [Event] takes the body of POST /v1/events, [Recorded] and [Loose] a line of an event file, [Member]
// the body of PUT /v1/members/:id, [Params] the params of a trigger. Each reads the JSON strictly
// (package strictjson), checks names, times and values against the schema, and goes on after a
// mistake where it can, so that a [strictjson.Rejection] names all of them. The raw text of
// properties and attributes goes into the inbox as it came: what was accepted is kept exactly.
package intake
