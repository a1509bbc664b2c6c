package eventfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/strictjson"
)

// Member is one line of a list of members.
type Member struct {
	Line int    // from 1
	ID   string // of the member
	Body []byte // for PUT /v1/members/{id}
}

// MemberReader reads a list of members: CSV with a column `member` (or `id`), perhaps `tags` and
// `tags.remove`, and one column an attribute; or JSON lines as in {"member": "m1", "attributes":
// {"email": "…"}, "tags": ["vip"]}.
type MemberReader struct {
	file
	undeclared []string
}

// OpenMembers makes a reader of members.
func OpenMembers(in io.Reader, o Options) *MemberReader {
	return &MemberReader{file: file{in: in, o: o}}
}

// Undeclared returns the attributes so far that the schema does not declare, in the order in which
// they came.
func (r *MemberReader) Undeclared() []string { return r.undeclared }

// Next returns the next member; io.EOF at the end. After a [*LineError] it may be called again; any
// other error is final.
func (r *MemberReader) Next() (Member, error) {
	if r.next == nil {
		if err := r.open(memberLayout); err != nil {
			return Member{}, err
		}
	}
	raw, line, bad, err := r.next()
	if err != nil {
		return Member{}, err
	}
	id, body, err := r.put(raw)
	if err != nil {
		return Member{}, &LineError{line, err}
	}
	schema := r.o.Schema
	if !r.o.Check && len(bad) == 0 {
		schema = nil
	}
	in, rej := intake.Member(schema, id, body)
	if rej != nil || len(bad) > 0 {
		return Member{}, lineError(line, bad, rej)
	}
	if strings.ContainsRune(id, '\ufffd') {
		return Member{}, &LineError{line, fmt.Errorf("member: %q was damaged before: another program put \ufffd where it could not read", id)}
	}
	r.note(in.Attributes)
	return Member{Line: line, ID: r.o.Schema.MemberID(id), Body: body}, nil
}

// note keeps the names of attributes that the schema does not declare.
func (r *MemberReader) note(attributes map[string]any) {
	if r.o.Schema == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		known := name == "timezone" || name == "locale" || r.o.Schema.Attribute(name) != nil
		if !known && len(r.undeclared) < mostUndeclared && !slices.Contains(r.undeclared, name) {
			r.undeclared = append(r.undeclared, name)
		}
	}
}

// put makes the body of PUT /v1/members/{id} of a line.
func (r *MemberReader) put(raw []byte) (id string, body []byte, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return "", nil, fmt.Errorf("is no JSON object: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if rej := strictjson.CheckJSON(raw); rej != nil {
		return "", nil, rej
	}
	who, ok := fields["member"]
	if _, both := fields["id"]; !ok && both {
		who = fields["id"]
		delete(fields, "id")
	}
	delete(fields, "member")
	if len(who) == 0 {
		return "", nil, errors.New("member: a line needs its `member`")
	}
	if err := json.Unmarshal(who, &id); err != nil {
		return "", nil, fmt.Errorf("member: must be a string, got %s: send an id as text", short(string(who)))
	}
	if err := arrangeTags(fields); err != nil {
		return "", nil, err
	}
	for name := range fields {
		if name != "attributes" && name != "tags" && name != "backfill" {
			return "", nil, fmt.Errorf("a member has no `%s`: an attribute stands in `attributes`, or is given its place with --map %s=%s", short(name), short(name), short(name))
		}
	}
	if r.o.Backfill {
		fields["backfill"] = json.RawMessage("true")
	}
	body, err = json.Marshal(fields)
	return id, body, err
}

// arrangeTags lets tags be a list, and those to take away stand beside them.
func arrangeTags(fields map[string]json.RawMessage) error {
	change := map[string]json.RawMessage{}
	if tags, ok := fields["tags"]; ok && len(tags) > 0 && tags[0] == '[' {
		change["add"] = tags
	} else if ok && tags[0] == '"' {
		var cell string
		if err := json.Unmarshal(tags, &cell); err != nil {
			return err
		}
		change["add"], _ = json.Marshal(splitTags(cell))
	}
	if remove, ok := fields["tags.remove"]; ok {
		change["remove"] = remove
		delete(fields, "tags.remove")
	}
	if len(change) == 0 {
		return nil
	}
	text, err := json.Marshal(change)
	fields["tags"] = text
	return err
}
