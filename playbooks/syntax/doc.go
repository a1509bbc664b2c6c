// Package syntax reads YAML files as a tree of nodes with exact places, and mends their quoting.
//
// A file goes through these steps:
//  1. Preflight (preflight.go): the raw text is UTF-8, without tabs, control characters or nesting
//     that would take the library's time.
//  2. Parse (yaml.go): by the YAML library; this is the only file that knows it. Its errors are
//     turned into the cause (yaml_errors.go).
//  3. Build (yaml.go): a tree of [Node] without anchors, tags, merges and repeated keys.
//  4. Repair of quoting (quoting*.go, edit_quoting.go): a value that YAML reads otherwise than it was meant,
//     because it is not in quotes, is named, and the quoted form is offered.
//
// reader.go reads plain values (strings, whole numbers, words of a list) and says what is wrong with
// others.
package syntax
