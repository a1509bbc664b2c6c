// Package testfile reads the tests of a playbook, and holds them against what the playbook has: a
// test that expects what cannot be is a mistake, not a failure.
package testfile
