// Package scope says what an expression may name: what a workspace declares, what is known where the
// expression stands, and the functions of the language.
package scope
