package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/folder"
	"github.com/usher-run/usher/playbooks/schema"
)

const demoEvents = "demo/events.jsonl"

// DemoEvents returns the demo events of the workspace in a folder, as JSON lines. Where it has
// none they are made up of what it declares.
func DemoEvents(dir string, s *playbooks.Schema) ([]byte, error) {
	files, err := folder.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open the demo events: %w", err)
	}
	defer func() { _ = files.Close() }() // it is only read
	text, err := fs.ReadFile(files, demoEvents)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = generateEvents(s, time.Now())
	}
	if err != nil {
		return nil, fmt.Errorf("read the demo events: %w", err)
	}
	return text, nil
}

// demoMembers are whom made-up events are about.
var demoMembers = []string{"xiaoman", "guyu"}

// generateEvents makes demo events for a workspace that has none of its own: each declared event
// once for each of two members, as JSON lines. Their ids are the same every time, so that a demo
// that is started again doubles nothing.
func generateEvents(s *playbooks.Schema, now time.Time) ([]byte, error) {
	var out bytes.Buffer
	for _, member := range demoMembers {
		for i := range s.Events {
			e := &s.Events[i]
			if e.Builtin {
				continue
			}
			event := map[string]any{"id": fmt.Sprintf("demo-%s-%s", member, e.Name), "event": e.Name, "member": member}
			if e.Properties != nil && len(e.Properties.Fields) > 0 {
				event["properties"] = sample(e.Properties, now)
			}
			line, err := json.Marshal(event)
			if err != nil {
				return nil, fmt.Errorf("make up an event %s: %w", e.Name, err)
			}
			out.Write(append(line, '\n'))
		}
	}
	return out.Bytes(), nil
}

// sample returns a value of a type, as JSON has it.
func sample(t *schema.Type, now time.Time) any {
	switch t.Kind {
	case schema.KindBool:
		return true
	case schema.KindInt, schema.KindNumber:
		return 1
	case schema.KindDate:
		return now.Format(time.DateOnly)
	case schema.KindDatetime:
		return now.Format(time.RFC3339)
	case schema.KindDuration:
		return "1d"
	case schema.KindList:
		if t.Elem == nil {
			return []any{}
		}
		return []any{sample(t.Elem, now)}
	case schema.KindObject:
		out := map[string]any{}
		for _, f := range t.Fields {
			out[f.Name] = sample(f.Type, now)
		}
		return out
	}
	if len(t.Enum) > 0 {
		return t.Enum[0]
	}
	return "demo"
}
