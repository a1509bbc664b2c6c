// Package playbooks is usher's playbook language: YAML files become a positioned tree, the tree is checked against the
// workspace's schema, and what passes becomes compiled playbooks that the engine runs.
//
// The package is pure: it reads files only through the fs.FS it is given, starts nothing, logs nothing and asks no clock.
// Mistakes are values ([Diagnostic]); they pile up and never stop the reading of the rest.
package playbooks
