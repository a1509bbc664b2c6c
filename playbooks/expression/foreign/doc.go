// Package foreign knows how other languages write what an expression says: their functions and
// their syntax, and what is written in their place.
package foreign
