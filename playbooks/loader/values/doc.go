// Package values reads types and plain values of YAML: literals as their type wants them, times,
// zones and durations. Each mistake is told at its place, with what was probably meant.
package values
