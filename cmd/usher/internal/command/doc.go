// Package command is what the commands of usher share: streams and settings, flags and what is wrong with
// them, completion by a shell, and the words of what is printed.
package command
