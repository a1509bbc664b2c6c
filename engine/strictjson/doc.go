// Package strictjson reads JSON that clients send, strictly: a key that is given twice, a number
// that a float cannot hold, half a character or nesting without end is refused, with the place
// where it stands. What is refused is a [Rejection], which names the path and the byte.
package strictjson
