// Package engine is usher's core: it decides. State and an input go in; changes come out, each with its reason.
//
// The core is pure. It does no I/O, starts no goroutine, reads no clock, rolls no dice and writes no log: instants are part
// of the inputs, dice are hashes of stable ids, and what a pool can grant is part of the state. Production, playbook tests,
// simulation and backtests are shells around this one package.
package engine
