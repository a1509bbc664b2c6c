// Package loader reads a workspace: its files become a checked model, package playbooks, that the
// engine runs.
//
// [Load] goes through these steps. A mistake in one stops nothing: the rest is read all the same.
//  1. Files (package files): which are read; those that look like playbooks, tests or texts and are
//     not read are named.
//  2. usher.yaml (package declarations): declarations, then their expressions.
//  3. Templates (load.go): judged where they are used, since what is in scope depends on the
//     playbook.
//  4. Playbooks (package playbook): control flow becomes jumps in one list of steps; each expression
//     is compiled with the scope of its place.
//  5. Tests (package testfile).
//  6. The rules over the whole workspace, package check.
//
// What these share lies in package reading, what they read of types and plain values in package
// values.
//
// [Compile] does the same for a workspace that was checked when it was stored, perhaps by another
// version: rules that only advise are left out. [Fix] applies the edits that are beyond doubt.
package loader
