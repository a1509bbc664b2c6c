// Package history is what is kept of a member's events, and how expressions ask it.
//
// A [History] has a part for each name. A short one is a list; a long one is in a store, behind an
// [Archive], or a list with trees over it. A [Reader] answers what an expression asks of it at an
// instant: from a list as far as that is short, from trees (package tree) where it is long. Production,
// tests and simulations share it, so the answers cannot differ.
package history
