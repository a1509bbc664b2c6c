// Package playbooks is the model of usher's playbook language: what a workspace declares, and its
// playbooks in compiled form, as the engine runs them.
//
// How files become this model: package syntax reads YAML as a tree, package loader reads the tree
// with the help of expression (conditions), text (messages in Liquid) and schema (types, durations,
// schedules), and package check judges the whole. Mistakes are values of package diag. All of it is
// pure: files come through the fs.FS that is given, nothing is started, logged or asked of a clock.
//
// A [Workspace] holds the [Schema] (the declarations of usher.yaml), the playbooks, the texts and
// the tests. A [Playbook] is a list of steps in which control flow is jumps, so that a run's
// position is one number; its Revision names all that it depends on.
package playbooks
