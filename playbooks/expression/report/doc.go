// Package report gathers the mistakes of one expression, each at its place in the source, in words in
// which a type shows where it is declared.
package report
