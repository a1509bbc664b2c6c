package strictjson

// The codes of a [Rejection].
const (
	CodeMalformed      = "malformed_json"  // not JSON
	CodeUnknownField   = "unknown_field"   // a key that does not exist here
	CodeDuplicateField = "duplicate_field" // a key that appears twice
	CodeMissingField   = "missing_field"   // a required key, or a declared property, is not there
	CodeWrongType      = "wrong_type"      // the schema says otherwise
	CodeInvalid        = "invalid_value"   // of the right type, but not allowed
	CodeTooLarge       = "too_large"       // too long, too many, too deep
	CodeReadOnly       = "read_only"       // built in or computed: nobody writes it
)

// Rejection says why something was not taken in. Path is like `properties.items[2].qty`.
type Rejection struct {
	Code    string
	Path    string
	Message string
	Offset  int          // of malformed JSON: the byte, from 1
	Others  []*Rejection // what else is wrong with the same input, in order
}

// Error tells all that is wrong.
func (r *Rejection) Error() string {
	text := r.Message
	if r.Path != "" {
		text = r.Path + ": " + r.Message
	}
	for _, o := range r.Others {
		text += "; " + o.Error()
	}
	return text
}

// And puts another rejection of the same input behind r. Either may be nil.
func (r *Rejection) And(o *Rejection) *Rejection {
	switch {
	case o == nil:
		return r
	case r == nil:
		return o
	}
	r.Others = append(append(r.Others, o), o.Others...)
	o.Others = nil
	return r
}

// All returns the rejections of an input one by one.
func (r *Rejection) All() []*Rejection {
	if r == nil {
		return nil
	}
	first := *r
	first.Others = nil
	return append([]*Rejection{&first}, r.Others...)
}
