// Package foreignnames knows functions of other languages, and what is written in their place in
// an expression.
package foreignnames
