// Package bounds knows what comparisons with constants say of a value: its sign, and whether nothing
// that the value can be fulfils all of them.
package bounds
