// Package workspaces finds and reads the workspace that a command is about.
package workspaces
