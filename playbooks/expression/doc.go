// Package expression compiles and runs the expressions of the language, on the expr library.
//
// An expression goes through these steps:
//  1. Parse (package parse): the library's parser, with the functions that the language leaves out
//     taken away. Its error is replaced by one that says what to write.
//  2. Check (check.go, members.go, functions.go, operators.go): every node gets a type. A value
//     that may be missing, a divisor that may be zero, or a comparison that never holds is a
//     mistake; a name that nothing has is told by package unknown.
//  3. Narrow (narrow.go, sign.go, package bounds): what a condition has seen to be present, positive or
//     one of an enum's values holds where the condition does.
//  4. Lower (lower.go): names of segments and computed attributes are replaced by what they stand
//     for; what is read of the member, the event and the history becomes variables, so that only
//     what is needed is loaded.
//  5. Run (env.go, package arithmetic): the library's virtual machine, with arithmetic that rounds as a
//     calculator does.
//
// What a workspace declares is asked of a small interface, [scope.Declarations]. Package reevaluation
// derives from the same tree when the answer of an expression may change by the passing of time alone.
package expression
