//go:build !unix

package folder

const nonblocking = 0
