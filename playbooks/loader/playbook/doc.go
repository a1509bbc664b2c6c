// Package playbook reads one playbook: its trigger, how and by whom it is entered, and its actions.
// Control flow becomes jumps in one list of steps, and each expression is compiled with the scope of
// its place.
package playbook
