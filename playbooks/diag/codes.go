package diag

import "slices"

// Codes declares every diagnostic once: the checker names it, `usher explain` prints it and the
// reference is made from it. Bad and Good are parts of a playbook, or of usher.yaml when they begin
// with `usher:`, or of a test when with `playbook:`.
var Codes = slices.Concat(fileCodes, shapeCodes, nameCodes, meaningCodes, expressionCodes, textCodes)

// CodeByName returns the declaration of a code, or nil.
func CodeByName(name string) *Code {
	for i := range Codes {
		if Codes[i].Name == name {
			return &Codes[i]
		}
	}
	return nil
}
