// Package remote holds the commands that ask a running server over HTTP: they send events, show what became
// of them, and tell the server what to do.
package remote
