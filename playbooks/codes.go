package playbooks

// CodeByName gives the declaration of a code, or nil.
func CodeByName(name string) *Code {
	for i := range Codes {
		if Codes[i].Name == name {
			return &Codes[i]
		}
	}
	return nil
}

// Codes declares every diagnostic once: the checker names it, `usher explain` prints it and the reference is made from it.
var Codes []Code
