package text

// The parser reads the Liquid of message texts into a tree with places. It knows no names and no
// types: what a text may name and what filters take is judged by the checker on the tree. The
// library that renders texts keeps its own tree to itself.
//
// A text is read in two steps. [Parse] cuts it at {{ … }} and {% … %} and builds the blocks; what
// stands inside of them is cut into tokens and read as an expression. A mistake in one tag leaves
// the others readable, so that all of them are found in one pass.

// Span is a range of bytes of the text.
type Span struct{ From, To int }

// Node is a part of a text: *[Plain], *[Output], *[Assign], *[Capture], *[If], *[Case], *[For] or
// *[Jump].
type Node interface{ node() }

// Plain is text that stands as it is, inside raw too.
type Plain struct {
	Span
	Raw bool
}

// Output is {{ value }}.
type Output struct {
	Span
	Value Expr // nil: it cannot be read
}

// Assign is {% assign name = value %}.
type Assign struct {
	Span
	Name  Ident
	Value Expr
}

// Capture is {% capture name %} … {% endcapture %}.
type Capture struct {
	Span
	Name Ident
	Body []Node
	End  Span
}

// If is {% if %} or {% unless %} with its branches.
type If struct {
	Span
	Branches []Branch
	End      Span // the closing tag
}

// Branch is one way of an [If] or a [Case].
type Branch struct {
	Span          // the tag that begins it
	Name   string // if, unless, elsif, else or when
	Cond   Expr   // of if, unless and elsif
	Values []Expr // of when
	Body   []Node
}

// Case is {% case value %} with its branches.
type Case struct {
	Span
	Value    Expr
	Branches []Branch
	End      Span
}

// For is {% for item in list %} with what else says when the list has nothing.
type For struct {
	Span
	Item          Ident
	List          Expr
	Limit, Offset Expr
	Body          []Node
	Else          *Branch
	End           Span
}

// Jump is {% break %} or {% continue %}.
type Jump struct {
	Span
	Name string
}

func (*Plain) node()   {}
func (*Output) node()  {}
func (*Assign) node()  {}
func (*Capture) node() {}
func (*If) node()      {}
func (*Case) node()    {}
func (*For) node()     {}
func (*Jump) node()    {}

// Ident is a name with its place.
type Ident struct {
	Span
	Text string
}

// Expr is a part of an expression: *[Literal], *[Name], *[Field], *[Index], *[Filter], *[Compare],
// *[Logic], *[Group] or *[Range].
type Expr interface{ Place() Span }

// Place returns the range of bytes.
func (s Span) Place() Span { return s }

// Literal is a text, a number, true, false or nil.
type Literal struct {
	Span
	Value any // string, int, float64, bool or nil
}

// Name is a variable.
type Name struct {
	Span
	Name string
}

// Field is what stands behind a dot.
type Field struct {
	Span
	Of   Expr
	Name Ident
}

// Index is what stands in brackets.
type Index struct {
	Span
	Of, At Expr
}

// Filter is value | name: arguments.
type Filter struct {
	Span
	Of    Expr
	Name  Ident
	Args  []Expr
	Named []NamedArg
}

// NamedArg is name: value behind a filter.
type NamedArg struct {
	Name  Ident
	Value Expr
}

// Compare is left == right, and the like; contains too.
type Compare struct {
	Span
	Op          Ident
	Left, Right Expr
}

// Logic is a chain of and, or of or, or of both. Liquid reads it from the right.
type Logic struct {
	Span
	Terms []Expr
	Ops   []Ident // one less
}

// Mixed reports whether the chain has both and and or.
func (l *Logic) Mixed() bool {
	for _, op := range l.Ops {
		if op.Text != l.Ops[0].Text {
			return true
		}
	}
	return false
}

// Group is an expression in parentheses.
type Group struct {
	Span
	Of Expr
}

// Range is (1..10).
type Range struct {
	Span
	First, Last Expr
}

// Mistake is what is wrong in a text.
type Mistake struct {
	Span
	Message string
	Label   string // what to write instead
	Fix     string // the text that may replace the span; empty: none can be told
}
