package bounds

// A division by zero gives no value. So the checker asks whether a divisor may be zero, and learns
// from comparisons that it is not. What it has learned is a fact as any other (see whenTrue): the
// value's name with one of these behind it.
const (
	FactNotZero  = " != 0"
	FactPositive = " > 0"
)

// Sign is what is known of a number: flags.
type Sign uint8

// What is known of a sign.
const (
	NotZero Sign = 1 << iota
	NotNegative
	Positive = NotZero | NotNegative
)

// SignOfConstant returns the sign of a number.
func SignOfConstant(v float64) Sign {
	switch {
	case v > 0:
		return Positive
	case v < 0:
		return NotZero
	}
	return NotNegative
}

// SignImplied returns what is known of a number that compares so with another: one of this sign,
// and a constant of this value, nil when it is none.
func SignImplied(op string, with Sign, constant any) Sign {
	zero := constant == float64(0)
	negative := with == NotZero && constant != nil
	switch {
	case op == "!=" && zero, op == "<" && (zero || negative), op == "<=" && negative:
		return NotZero
	case op == ">" && with&NotNegative != 0, op == ">=" && with == Positive:
		return Positive
	case op == "==":
		return with
	}
	return 0
}

// SignFact words what was found of a value; "" when it may be zero.
func SignFact(name string, found Sign) string {
	switch {
	case found&NotZero == 0:
		return ""
	case found == Positive:
		return name + FactPositive
	}
	return name + FactNotZero
}
