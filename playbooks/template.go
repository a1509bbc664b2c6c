package playbooks

// Template is a Liquid text, from templates/ or inline.
type Template struct {
	Name string // empty: inline
	Text string
}
