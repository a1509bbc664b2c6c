// Package check holds the rules that look at a workspace as a whole. All but the first only warn.
//
//  1. Mistakes that one declaration causes in many places are told once, at the declaration
//     (misspelt_declarations.go).
//  2. Playbooks that start each other without end (cycles.go; cycles_effect.go tells which way an
//     action may move a segment).
//  3. Tags, owners and exit reasons that are most likely others, misspelt (similar_names.go): they are
//     declared nowhere.
//  4. Messages without a subject where all others have one (missing_subjects.go).
//  5. Edits that the rest of the workspace does not bear out are marked as doubtful (unsure_edits.go):
//     `--fix` leaves them alone.
//
// While the loader reads files it takes [Notes] of what these rules need.
package check
