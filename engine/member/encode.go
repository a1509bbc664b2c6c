package member

import (
	"encoding/json"
	"time"

	"github.com/usher-run/usher/engine/jsonbytes"
)

// Encode returns the document as it is stored: as encoding/json writes it.
func (m *Member) Encode() ([]byte, error) {
	w := jsonbytes.New(512)
	w.Begin('{')
	w.Name("id")
	w.String(m.ID)
	w.Map("attributes", m.Attributes)
	w.Texts("tags", m.Tags)
	jsonbytes.NotNone(w, "backfilled", m.Backfilled, w.Time)
	w.Name("created_at")
	w.Time(m.CreatedAt)
	at(w, "last_seen_at", m.LastSeenAt)
	w.NotZero("points", m.Points)
	jsonbytes.NotNone(w, "entries", m.Entries, w.Time)
	jsonbytes.NotNone(w, "coupons", m.Coupons, w.Int)
	if len(m.Goals) > 0 {
		w.Name("goals")
		w.Value(m.Goals)
	}
	if len(m.Sends) > 0 {
		w.Name("sends")
		jsonbytes.List(w, m.Sends, func(s Send) {
			w.Begin('{')
			w.Name("channel")
			w.String(s.Channel)
			w.Name("at")
			w.Time(s.At)
			w.End('}')
		})
	}
	jsonbytes.NotNone(w, "segments", m.Segments, func(s Membership) { w.Value(s) })
	jsonbytes.NotNone(w, "deferred", m.Deferred, func(d Deferred) { w.Value(d) })
	jsonbytes.NotNone(w, "dates", m.Dates, func(d DateMark) { w.Value(d) })
	at(w, "reevaluated_at", m.ReevaluatedAt)
	at(w, "reevaluate_at", m.ReevaluateAt)
	if m.Rare != nil {
		w.Name("rare")
		w.Value(m.Rare)
	}
	w.End('}')
	return w.Bytes()
}

func at(w *jsonbytes.Writer, name string, t time.Time) {
	if !t.IsZero() {
		w.Name(name)
		w.Time(t)
	}
}

// Decode reads a document into an empty member.
func (m *Member) Decode(data []byte) error {
	if m.read(data) {
		return nil
	}
	*m = Member{}
	return json.Unmarshal(data, m)
}

// read reads what most documents are, and reports whether this is one.
func (m *Member) read(data []byte) bool {
	r := jsonbytes.NewReader(data)
	r.Object(func(name string) {
		switch {
		case name == "id" && m.ID == "":
			m.ID = r.String()
		case name == "attributes" && m.Attributes == nil:
			m.Attributes = r.Map()
		case name == "tags" && m.Tags == nil:
			m.Tags = r.Texts()
		case name == "created_at":
			m.CreatedAt = r.Time()
		case name == "last_seen_at":
			m.LastSeenAt = r.Time()
		case name == "points":
			m.Points = int(r.Int())
		case name == "entries" && m.Entries == nil:
			m.Entries = map[string]time.Time{}
			r.Object(func(name string) { m.Entries[name] = r.Time() })
		case name == "coupons" && m.Coupons == nil:
			m.Coupons = map[string]int{}
			r.Object(func(name string) { m.Coupons[name] = int(r.Int()) })
		case name == "goals" && m.Goals == nil:
			r.Into(&m.Goals)
		case name == "sends" && m.Sends == nil:
			m.readSends(r)
		case name == "backfilled" && m.Backfilled == nil:
			r.Into(&m.Backfilled)
		case name == "deferred" && m.Deferred == nil:
			r.Into(&m.Deferred)
		case name == "segments" && m.Segments == nil:
			r.Into(&m.Segments)
		case name == "dates" && m.Dates == nil:
			r.Into(&m.Dates)
		case name == "reevaluated_at":
			m.ReevaluatedAt = r.Time()
		case name == "reevaluate_at":
			m.ReevaluateAt = r.Time()
		case name == "rare" && m.Rare == nil:
			m.Rare = new(Rare)
			m.Rare.read(r)
		default:
			r.Leave()
		}
	})
	return r.Took()
}

func (m *Member) readSends(r *jsonbytes.Reader) {
	m.Sends = []Send{}
	r.List(func() {
		var s Send
		r.Object(func(name string) {
			switch name {
			case "channel":
				s.Channel = r.String()
			case "at":
				s.At = r.Time()
			default:
				r.Leave()
			}
		})
		m.Sends = append(m.Sends, s)
	})
}

func (x *Rare) read(r *jsonbytes.Reader) {
	r.Object(func(name string) {
		switch {
		case name == "coupons" && x.Coupons == nil:
			x.Coupons = new(Coupons)
			x.Coupons.read(r)
		case name == "tag_ends" && x.TagEnds == nil:
			r.Into(&x.TagEnds)
		case name == "raffles" && x.Raffles == nil:
			r.Into(&x.Raffles)
		case name == "exits" && x.Exits == nil:
			r.Into(&x.Exits)
		case name == "lots" && x.Lots == nil:
			r.Into(&x.Lots)
		case name == "level" && x.Level == nil:
			r.Into(&x.Level)
		default:
			r.Leave()
		}
	})
}

func (k *Coupons) read(r *jsonbytes.Reader) {
	r.Object(func(name string) {
		switch {
		case name == "list" && k.List == nil:
			k.List = []Coupon{}
			r.List(func() {
				var c Coupon
				r.Text(&c)
				k.List = append(k.List, c)
			})
		case name == "told":
			k.Told = Instant(r.Int())
		case name == "next":
			k.Next = Instant(r.Int())
		case name == "watch":
			watch := r.Int()
			k.Watch = &watch
		default:
			r.Leave()
		}
	})
}
