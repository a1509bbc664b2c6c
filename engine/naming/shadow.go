package naming

import "strings"

const shadowed = "shadow:" // no playbook has such an id

// ShadowOf returns the id under which entries of a playbook count that began in shadow.
func ShadowOf(playbook string) string { return shadowed + playbook }

// OutOfShadow returns the playbook under whose id entries count, in shadow or not.
func OutOfShadow(id string) string { return strings.TrimPrefix(id, shadowed) }
