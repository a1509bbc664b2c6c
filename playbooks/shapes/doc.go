// Package shapes declares the keys of every file of a workspace, once: which there are, what their
// values look like, and a line of documentation each. The JSON Schema, completion and hover in
// editors, and the reference are made from them; a test holds that the reader of files knows the
// same keys.
package shapes
