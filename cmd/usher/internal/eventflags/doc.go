// Package eventflags declares the flags of commands that read a file of events or of members, and says
// what is worth saying of the file.
package eventflags
