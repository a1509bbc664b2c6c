// Package unknown tells of names that mean nothing where they stand in an expression: attributes,
// properties, actions, functions, and words of other languages, each with what was probably meant.
package unknown
