// Package reading holds what all files of a workspace share while it is read: what is declared so
// far and what is in use, how a name that nothing has is told, and how an expression is compiled
// where it stands in a file. The readers of the kinds of files are built on it.
package reading
