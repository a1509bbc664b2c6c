// Package schema holds the types of the language and the forms of its constants: durations,
// schedules, times of the day; and what actions and channels declare about themselves.
//
// A [Type] coerces values on their way in ([Type.Coerce]), so that whatever is stored has the type
// that expressions were checked against. A [Duration] has days, which follow the calendar of a
// zone, and elapsed time, which does not. A [Schedule] has five fields and a zone. An [ActionSpec]
// or [ChannelSpec] lists the fields of one action or channel; checker, JSON Schema, editor and
// reference read that one list.
//
// Constants that are written otherwise (10点, 2 days, 每周一) are traced to the form that was meant.
package schema
