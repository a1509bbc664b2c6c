package playbooks

import (
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/reevaluation"
	"github.com/usher-run/usher/playbooks/schema"
)

// Workspace is a folder that was read: declarations, playbooks, templates and tests.
type Workspace struct {
	Schema    *Schema
	Playbooks []*Playbook          // sorted by id; only those without mistakes
	Templates map[string]*Template // by name: the path below templates/ without its extension
	Variants  map[string][]Variant // of templates that have some for locales, by name
	Tests     []*TestFile
	Files     map[string][]byte // every file that was read, by slash-separated path: enough to load the workspace again

	// Unusable holds the playbooks that cannot be run, by id or else by file, with the reason. Only
	// [Compile] sets it.
	Unusable map[string]string

	Labels map[LabelKind]map[string][]LabelUse // see Mentions
}

// Playbook returns the playbook with the id, or nil.
func (w *Workspace) Playbook(id string) *Playbook {
	i, ok := slices.BinarySearchFunc(w.Playbooks, id, func(p *Playbook, id string) int {
		switch {
		case p.ID < id:
			return -1
		case p.ID > id:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return w.Playbooks[i]
}

// Schema is what usher.yaml declares.
type Schema struct {
	Timezone   *time.Location
	Locale     string        // of the workspace, as zh-CN; "": none
	IDs        Normalization // of members; see [Schema.MemberID]
	Attributes []Attribute   // the member's declared attributes
	Events     []EventType
	Segments   []Segment
	Channels   []Channel
	Pools      []Pool
	Tables     []Table
	Raffles    []Raffle
	Points     *Points // when they expire; nil: never
	Levels     *Levels // nil: no attribute follows a number
	Caps       []FrequencyCap
	Quiet      *QuietHours
	Consent    string    // the bool attribute that says whether promotional messages may be sent; empty: they may
	Referral   *Referral // nil: none
	Objects    []ObjectKind
	Kind       string // of the objects that it is about: see [Schema.Of]; empty: it is about members

	whole      *Schema             // see [Schema.Whole]
	Sections   map[string]diag.Pos // where those of usher.yaml begin; "": the file
	memberOnce sync.Once
	member     *schema.Type // see memberType
	refsOnce   sync.Once
	refs       bool // see NamesMembers
}

// Attribute is a declared attribute of a member.
type Attribute struct {
	Name     string
	Type     *schema.Type
	Default  any // nil: none
	Normal   Normalization
	Computed *diag.Source     // set: never stored, its value is this expression
	Expr     *expression.Expr // Computed, compiled; nil when it has a mistake
	Pos      diag.Pos
}

// EventType declares an event and its properties.
type EventType struct {
	Name       string
	Properties *schema.Type // an object
	Builtin    bool         // usher makes it itself: see [BuiltinEvents]
	Kinds      []string     // of the objects that it belongs to beside the member
	Pos        diag.Pos
}

// Segment is a named audience.
type Segment struct {
	Name   string
	Source diag.Source
	Expr   *expression.Expr
	Pos    diag.Pos
}

// Channel is a declared message channel. Config holds its fields with ${NAME} as written.
type Channel struct {
	Name   string
	Type   string
	Config map[string]any
	// The attribute that holds the address of each kind of subject that it reaches; nil: members, as its type says.
	Reaches map[string]string
	Pos     diag.Pos
}

// Pool is a declared coupon pool.
type Pool struct {
	Name      string
	Title     string // for people; may be empty
	Prefix    string
	Imported  bool // its codes are loaded; else usher makes them
	Budget    int  // 0: no limit
	PerMember int  // 0: no limit
	Expires   schema.Duration
	Active    *Active // when coupons are given; nil: always. None outlives its end
	Quota     *Quota  // nil: none
	Pos       diag.Pos
}

// Ends returns when a coupon expires that is issued at an instant, given in the member's zone; zero: never.
func (p *Pool) Ends(issued time.Time) (at time.Time) {
	if !p.Expires.IsZero() {
		at = p.Expires.After(issued)
	}
	if p.Active != nil && !p.Active.Until.IsZero() && (at.IsZero() || p.Active.Until.Before(at)) {
		at = p.Active.Until
	}
	return at
}

// FrequencyCap limits the sends to one member over all playbooks in a rolling window.
type FrequencyCap struct {
	Channels []string // empty: all
	Max      int
	Per      schema.Duration
	Pos      diag.Pos
}

// Counts reports whether messages on a channel count.
func (f *FrequencyCap) Counts(channel string) bool {
	return len(f.Channels) == 0 || slices.Contains(f.Channels, channel)
}

// QuietHours is the daily time in which promotional messages wait. Times are minutes since
// midnight.
type QuietHours struct {
	From, To int
	Zone     *time.Location // nil: the member's own
	Pos      diag.Pos
}

// The schema's lookups; each gives nil when there is none.

// Attribute returns the declared attribute with the name, or nil.
func (s *Schema) Attribute(name string) *Attribute {
	return Find(s.Attributes, func(a *Attribute) string { return a.Name }, name)
}

// Event returns the declared event with the name, or nil.
func (s *Schema) Event(name string) *EventType {
	return Find(s.Events, func(e *EventType) string { return e.Name }, name)
}

// Segment returns the declared segment with the name, or nil.
func (s *Schema) Segment(name string) *Segment {
	return Find(s.Segments, func(g *Segment) string { return g.Name }, name)
}

// Channel returns the declared channel with the name, or nil.
func (s *Schema) Channel(name string) *Channel {
	return Find(s.Channels, func(c *Channel) string { return c.Name }, name)
}

// Pool returns the declared coupon pool with the name, or nil.
func (s *Schema) Pool(name string) *Pool {
	return Find(s.Pools, func(p *Pool) string { return p.Name }, name)
}

// DrawsEndless reports whether an action draws from a pool that gives to everybody, always: one
// without a budget and without a limit for each member.
func (s *Schema) DrawsEndless(step *Step, spec *schema.ActionSpec) bool {
	for i := range spec.Fields {
		if v := step.Args[spec.Fields[i].Name]; spec.Fields[i].Kind == schema.FieldPool && v != nil {
			limited := func(name string) bool {
				pool := s.Pool(name)
				return pool == nil || pool.Budget > 0 || pool.PerMember > 0 || pool.Imported || pool.Quota != nil
			}
			names := v.Names()
			return len(names) > 0 && !slices.ContainsFunc(names, limited)
		}
	}
	return false
}

// Find returns the item of a list with the name, or nil.
func Find[T any](list []T, name func(*T) string, want string) *T {
	for i := range list {
		if name(&list[i]) == want {
			return &list[i]
		}
	}
	return nil
}

// Status is a playbook's place in its life.
type Status string

// Live playbooks take new runs; paused ones go on with what is open; in a draft nothing moves. One in shadow takes new
// runs of which nothing leaves.
const (
	Live   Status = "live"
	Shadow Status = "shadow"
	Paused Status = "paused"
	Draft  Status = "draft"
)

// Statuses are those of a playbook.
var Statuses = []string{string(Live), string(Shadow), string(Paused), string(Draft)}

// Enters reports whether a playbook takes new runs.
func (s Status) Enters() bool { return s == Live || s == Shadow }

// Mode says what a new entry does while a run of the same member is open.
type Mode string

// The modes of a playbook.
const (
	Single   Mode = "single"   // no second run while one is open
	Restart  Mode = "restart"  // the open run ends as exited
	Parallel Mode = "parallel" // both run
)

// Var is a value that a playbook computes at an entry, and keeps with the run.
type Var struct {
	Name string
	Expr *expression.Expr
}

// VarsType returns the type of `vars`: an object.
func (p *Playbook) VarsType() *schema.Type {
	t := schema.ObjectOf()
	for _, v := range p.Vars {
		t.Fields = append(t.Fields, schema.Field{Name: v.Name, Type: v.Expr.Type.AsOptional()})
	}
	return t
}

// Goal is a conversion that is measured: of several, that which comes first.
type Goal struct {
	Condition
	Within schema.Duration
}

// Reentry says when a member may enter again; a nil one: always.
type Reentry struct {
	Never bool
	After schema.Duration // since the last entry
}

// Playbook is one compiled playbook.
type Playbook struct {
	ID, Name, Stage, Owner string
	For                    string // the kind of the objects that it is for; empty: members
	Status                 Status
	Active                 *Active // nil: always
	Priority               int     // runs of one input act by it, higher first, then by playbook id
	Quota                  *Quota  // of entries; nil: none
	File                   string
	Pos                    diag.Pos // of its id
	Trigger                Trigger
	Vars                   []Var            // computed at an entry, in their order: each may name those before it
	Condition              *expression.Expr // nil: always
	Reentry                *Reentry         // nil: always
	Mode                   Mode
	Holdout                float64 // percent of members, 0..100
	Goals                  []Goal  // the first that comes converts
	Exits                  []Condition
	Steps                  []Step            // flattened: control flow is jumps
	Revision               string            // hash of the playbook and of all it refers to, without its status
	Slots                  []expression.Slot // all that its expressions ask of the member's history
	Aggregates             []*expression.Aggregate
	Makes                  []string // events that usher makes itself and that the playbook names
}

// Step is one instruction of a playbook. A run's position is an index into Playbook.Steps;
// len(Steps) is the end.
type Step struct {
	// the action's key; "if", "choose" and "split" for a branch; "jump" for a jump that no author
	// wrote
	Key      string
	ID       string           // the author's id, or ""
	Path     string           // stable address: "actions[2].then[0]"
	Guard    *expression.Expr // the item's own `if`: the step is skipped when false. Of Key "if": the question itself
	Args     map[string]*Value
	Fields   []string     // the names of Args, in the order in which they are written; defaults last
	Wait     *Wait        // Key "wait"
	Branches []Branch     // of a branch, in the order written
	Variants []Variation  // weighted fields, of which a member always gets the same; nil: none
	Salt     string       // of Branches and Variants: what their dice are told apart by from others of the playbook
	Jump     int          // Key "jump": where to go on. Of a branch: where to go on when the guard is false
	Result   *schema.Type // an object: what it leaves under actions.<id>
	HandsTo  string       // of a message: the kind of the object that it is handed to; empty: to none
	Snippet  string       // Key "use": what is used
	Params   *schema.Type // Key "use": an object, the values of Args that the actions of the snippet see as `params`
	// Of an action of a snippet: the name of the `use` that it stands for, as thanks or thanks.inner. ID and
	// Path begin with it.
	Frame string
	Pos   diag.Pos
}

// Variation is a field of an action that stands for it with a weight.
type Variation struct {
	Name   string
	Weight float64 // percent of members, two decimals
	Field  string  // template or text
	Value  *Value
	Pos    diag.Pos // of its name
}

// Branch is one way of a branch. Its actions begin at Start and end in a jump, or where the next
// way or the branch ends.
type Branch struct {
	// then, else; of choose: way 1, way 2, …, else, or none when no way holds; of a split: the
	// author's
	Name   string
	If     *expression.Expr // of if and choose: the way is taken when it holds; nil: always
	Weight float64          // of a split: percent of members, two decimals
	Start  int              // its first step
	Path   string           // "actions[2].choose[0]"; that of the branch where nothing is written
	Pos    diag.Pos
}

// Name returns what traces and logs call the step: its id, else its path.
func (s *Step) Name() string {
	if s.ID != "" {
		return s.ID
	}
	return s.Path
}

// QuietEnd reports whether t lies in the quiet hours, and when they end. t is in the member's zone.
func (s *Schema) QuietEnd(t time.Time) (end time.Time, quiet bool) {
	q := s.Quiet
	if q == nil || q.From == q.To {
		return time.Time{}, false
	}
	if q.Zone != nil {
		t = t.In(q.Zone)
	}
	y, m, d := t.Date()
	minute := t.Hour()*60 + t.Minute()
	switch {
	case q.From < q.To && (minute < q.From || minute >= q.To), q.From > q.To && minute < q.From && minute >= q.To:
		return time.Time{}, false
	case q.From > q.To && minute >= q.From:
		d++
	}
	end = schema.WallClock(y, m, d, q.To/60, q.To%60, 0, 0, t.Location())
	if !end.After(t) { // the clock was set back: it shows the end once more
		end = t.Truncate(time.Minute).Add(time.Duration(q.To-minute) * time.Minute)
	}
	return end, true
}

// ReevaluationOf derives when membership of the segment may change by the passing of time. A
// segment that is not declared never turns.
func (s *Schema) ReevaluationOf(segment string) *reevaluation.Reevaluation {
	if g := s.Segment(segment); g != nil && g.Expr != nil {
		return reevaluation.Of(g.Source, s)
	}
	return &reevaluation.Reevaluation{}
}

// Literal returns a field that is written out; nil when it is not given.
func (s *Step) Literal(field string) any {
	if v := s.Args[field]; v != nil {
		return v.Literal
	}
	return nil
}

// Throws returns what the step's dice may fall on: the ways of a split, the variants of an action.
func (s *Step) Throws() []string {
	var names []string
	if s.Key == "split" {
		for i := range s.Branches {
			names = append(names, s.Branches[i].Name)
		}
	}
	for i := range s.Variants {
		names = append(names, s.Variants[i].Name)
	}
	return names
}

// StepNamed finds steps by what logs call them; for "", none.
func (p *Playbook) StepNamed(name string) diag.Pos {
	for i := range p.Steps {
		if p.Steps[i].Name() == name {
			return p.Steps[i].Pos
		}
	}
	return diag.Pos{}
}

// BranchNamed finds the ways of a split and the variants of an action; for "", the step.
func (s *Step) BranchNamed(name string) diag.Pos {
	for i := range s.Branches {
		if s.Branches[i].Name == name {
			return s.Branches[i].Pos
		}
	}
	for i := range s.Variants {
		if s.Variants[i].Name == name {
			return s.Variants[i].Pos
		}
	}
	return s.Pos
}

// EnvNames returns the environment variables that the channel's fields name as ${NAME}: sorted,
// without repeats.
func (ch *Channel) EnvNames() []string {
	var names []string
	for _, v := range ch.Config {
		if s, ok := v.(string); ok {
			for _, m := range EnvName.FindAllStringSubmatch(s, -1) {
				names = append(names, m[1])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// EnvName matches ${NAME}, which stands for an environment variable.
var EnvName = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)
