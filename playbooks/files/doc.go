// Package files reads the files of a workspace from a folder, within bounds, and names those that
// look as if they belonged to it and are not read: in a wrong folder, with a wrong ending, a copy
// or a backup. Only regular files inside of the folder are opened.
package files
