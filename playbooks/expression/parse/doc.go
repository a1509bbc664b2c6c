// Package parse reads expressions by the expr library's parser, with the functions that the language
// leaves out taken away. For what cannot be read it says what to write: it knows the habits of people
// who come from SQL, from another language or from a Chinese keyboard, where the library only says that
// something is not expected.
package parse
