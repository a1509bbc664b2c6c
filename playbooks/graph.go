package playbooks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/usher-run/usher/playbooks/schema"
)

// Graph draws a playbook as a Mermaid flowchart: what starts it, who enters, every action and way,
// what ends a run, what counts as its goal. Code hosting sites show it in a ```mermaid block.
func Graph(p *Playbook, reg *schema.Registry) string {
	g := &grapher{pb: p, reg: reg}
	title, _ := json.Marshal(cmp.Or(p.Name, p.ID)) // a text can be written as JSON, which is YAML too
	g.line("---\ntitle: %s\n---\nflowchart TD", title)
	g.node("start", "([", "])", g.trigger())
	first, start := g.target(0), "start"
	if len(p.Vars) > 0 {
		var lines []string
		for _, v := range p.Vars {
			lines = append(lines, v.Name+" = "+v.Expr.Text)
		}
		g.node("vars", "[/", "/]", strings.Join(lines, "\n"))
		g.edge(start, "vars", "")
		start = "vars"
	}
	if p.Condition != nil {
		g.node("enters", "{", "}", p.Condition.Text)
		g.edge(start, "enters", "")
		g.edge("enters", first, "yes")
		g.node("stays", "([", "])", "not entered")
		g.edge("enters", "stays", "no")
	} else {
		g.edge(start, first, "")
	}
	if p.Holdout > 0 {
		g.node("holdout", "([", "])", fmt.Sprintf("holdout %g%%: measured, no action", p.Holdout))
		from := start
		if p.Condition != nil {
			from = "enters"
		}
		g.dotted(from, "holdout", "")
	}
	for i := range p.Steps {
		g.step(i)
	}
	if g.done {
		g.node("done", "([", "])", "done")
	}
	g.outside()
	return g.b.String()
}

type grapher struct {
	pb     *Playbook
	reg    *schema.Registry
	b      strings.Builder
	done   bool // something leads to the end
	exited bool
}

func (g *grapher) line(format string, args ...any) { fmt.Fprintf(&g.b, format+"\n", args...) }

func (g *grapher) node(id, open, end, text string) {
	g.line(`  %s%s"%s"%s`, id, open, mermaidText(text), end)
}

func (g *grapher) edge(from, to, label string) { g.arrow(from, "-->", to, label) }

func (g *grapher) dotted(from, to, label string) { g.arrow(from, "-.->", to, label) }

func (g *grapher) arrow(from, arrow, to, label string) {
	if label != "" {
		arrow += `|"` + mermaidText(label) + `"|`
	}
	g.line("  %s %s %s", from, arrow, to)
}

// target returns the node that stands for a position: a jump stands for where it leads.
func (g *grapher) target(i int) string {
	for i < len(g.pb.Steps) && g.pb.Steps[i].Key == "jump" {
		i = g.pb.Steps[i].Jump
	}
	if i >= len(g.pb.Steps) {
		g.done = true
		return "done"
	}
	if s := &g.pb.Steps[i]; s.Guard != nil && s.Key != "if" {
		return fmt.Sprintf("g%d", i)
	}
	return fmt.Sprintf("s%d", i)
}

func (g *grapher) step(i int) {
	s := &g.pb.Steps[i]
	if s.Key == "jump" {
		return
	}
	id := fmt.Sprintf("s%d", i)
	if s.Guard != nil && s.Key != "if" {
		skip := i + 1
		if len(s.Branches) > 0 {
			skip = s.Jump
		}
		guard := fmt.Sprintf("g%d", i)
		g.node(guard, "{", "}", s.Guard.Text)
		g.edge(guard, id, "yes")
		g.edge(guard, g.target(skip), "no")
	}
	switch {
	case s.Key == "if":
		g.node(id, "{", "}", withID(s, s.Guard.Text))
	case len(s.Branches) > 0:
		g.node(id, "{{", "}}", withID(s, s.Key))
	case s.Key == "wait":
		g.node(id, "([", "])", withID(s, waitText(s.Wait)))
	case s.Key == "exit":
		g.exit(id, s)
		return
	default:
		g.node(id, "[", "]", withID(s, g.actionText(s)))
	}
	if len(s.Branches) == 0 {
		g.edge(id, g.target(i+1), "")
		return
	}
	for k := range s.Branches {
		w := &s.Branches[k]
		g.edge(id, g.target(w.Start), branchText(s, w))
	}
}

// exit draws the end of a run that an action brings about.
func (g *grapher) exit(id string, s *Step) {
	reason, _ := s.Args["reason"].Literal.(string)
	g.node(id, "([", "])", withID(s, "exit: "+reason))
}

// outside draws what is not on the way: events that end a run, and the goal.
func (g *grapher) outside() {
	for i := range g.pb.Exits {
		x := &g.pb.Exits[i]
		id := fmt.Sprintf("x%d", i)
		g.node(id, ">", "]", "at any time: "+matchText(x))
		g.dotted(id, "exited", "")
		g.exited = true
	}
	if g.exited {
		g.node("exited", "([", "])", "exited")
	}
	for i := range g.pb.Goals {
		goal, id := &g.pb.Goals[i], "goal"
		if i > 0 {
			id = fmt.Sprintf("goal%d", i+1)
		}
		g.node(id, ">", "]", fmt.Sprintf("within %s: %s", goal.Within, matchText(&goal.Condition)))
		if i == 0 {
			g.node("converted", "([", "])", "converted")
		}
		g.dotted(id, "converted", "")
	}
}

func withID(s *Step, text string) string {
	if s.ID != "" {
		return s.ID + "\n" + text
	}
	return text
}

func matchText(m *Condition) string {
	if m.If == nil || m.Watched() {
		return m.Label()
	}
	return m.Name + "\nif " + m.If.Text
}

// trigger returns what starts a run, and how often.
func (g *grapher) trigger() string {
	text := g.pb.Trigger.text()
	switch r := g.pb.Reentry; {
	case r == nil:
	case r.Never:
		text += "\nonce a member"
	default:
		text += "\nagain after " + r.After.String()
	}
	if g.pb.Quota != nil {
		text += "\nquota " + g.pb.Quota.Text
	}
	if g.pb.Priority != 0 {
		text += fmt.Sprintf("\npriority %d", g.pb.Priority)
	}
	if g.pb.Active != nil {
		text += "\n" + g.pb.Active.Text
		if g.pb.Active.Exit {
			text += ", open runs exit then"
		}
	}
	if g.pb.Status != Live {
		text = string(g.pb.Status) + ": " + text
	}
	return text
}

// text returns what starts a run; of several each on a line, with its id.
func (t *Trigger) text() string {
	text := string(t.Kind)
	switch {
	case t.Kind == TriggerAny:
		for i := range t.Any {
			text += "\n" + t.Any[i].Via + ": " + t.Any[i].text()
		}
	case t.Kind == TriggerEvent:
		text += " " + matchText(&t.Event)
	case t.Kind == TriggerChanged:
		text += " member." + t.Changed
		if t.If != nil {
			text += "\nif " + t.If.Text
		}
	case t.Schedule != nil:
		text += fmt.Sprintf(" %s (%s)", t.Schedule.Cron, t.Schedule.Zone)
	case t.Date != nil:
		text += " " + t.Date.text()
	case t.Params != nil && len(t.Params.Fields) > 0:
		text += " " + schema.DescribeFields(t.Params)
	}
	if t.Segment != "" {
		text += " " + t.Segment
	}
	return text
}

// text returns when the date comes: member.birthday -3d at 10:00, every year.
func (d *DateTrigger) text() string {
	text := "member." + d.Attribute
	if !d.Offset.IsZero() {
		text += " " + d.Offset.String()
	}
	if d.At >= 0 {
		text += fmt.Sprintf(" at %02d:%02d", d.At/60, d.At%60)
	}
	if d.Every != "" {
		text += ", every " + string(d.Every)
	}
	if d.Lunar {
		text += " of the lunar calendar"
	}
	return text
}

func waitText(w *Wait) string {
	switch {
	case w == nil:
		return "wait"
	case w.Matches != nil:
		var parts []string
		for i := range w.Matches {
			text := matchText(&w.Matches[i].Condition)
			if via := w.Matches[i].Via; via != "" {
				text = via + ": " + text
			}
			if w.Count > 0 {
				text = fmt.Sprintf("%d of %s", w.Count, text)
			}
			parts = append(parts, text)
		}
		text := "wait for " + strings.Join(parts, "\nor ")
		if w.Since {
			text += "\nsince the trigger"
		}
		return text + "\nat most " + w.Timeout.String()
	case w.Clock != nil:
		return fmt.Sprintf("wait until %02d:%02d", *w.Clock/60, *w.Clock%60)
	case w.Day != nil:
		return "wait until " + w.Day.String()
	case w.Until != nil:
		return "wait until " + valueText(w.Until)
	}
	return "wait " + w.For.String()
}

func branchText(s *Step, w *Branch) string {
	switch {
	case s.Key == "split":
		return fmt.Sprintf("%s %g%%", w.Name, w.Weight)
	case s.Key == "if" && w.Name == "then":
		return "yes"
	case s.Key == "if":
		return "no"
	case w.If != nil:
		return w.If.Text
	}
	return w.Name
}

// actionText names an action with its arguments in the order of its declaration; what is as it
// would be anyway is left out.
func (g *grapher) actionText(s *Step) string {
	var parts []string
	spec := g.reg.Action(s.Key)
	if spec == nil {
		return s.Key
	}
	for i := range spec.Fields {
		f := &spec.Fields[i]
		v := s.Args[f.Name]
		if v == nil || v.Expr == nil && v.Literal != nil && v.Literal == f.Default {
			continue
		}
		text := valueText(v)
		if f.Name != spec.Shorthand && len(spec.Fields) > 1 || len(s.Args) > 1 {
			text = f.Name + " " + text
		}
		parts = append(parts, text)
	}
	for _, v := range s.Variants {
		parts = append(parts, v.Name+" "+schema.FormatNumber(v.Weight)+"%: "+valueText(v.Value))
	}
	if text := s.Key + " " + strings.Join(parts, ", "); len([]rune(text)) <= maxNodeLine {
		return strings.TrimSpace(text)
	}
	return s.Key + "\n" + strings.Join(parts, "\n")
}

func valueText(v *Value) string {
	switch {
	case v.Expr != nil:
		return "= " + v.Expr.Text
	case v.Text != nil && v.Text.Name != "":
		return v.Text.Name
	case v.Text != nil:
		return "“" + v.Text.Text + "”"
	case v.List != nil:
		var parts []string
		for _, item := range v.List {
			parts = append(parts, valueText(item))
		}
		return strings.Join(parts, ", ")
	case v.Map != nil:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v.Map)) {
			parts = append(parts, k+": "+valueText(v.Map[k]))
		}
		return strings.Join(parts, ", ")
	case v.Literal == nil:
		return ""
	}
	return fmt.Sprint(v.Literal)
}

// maxNodeLine is how wide a line of a node's text is, in columns of a terminal.
const maxNodeLine = 60

// mermaidText writes a text so that Mermaid shows it as it is, wherever it stands: its lines cut to
// a width, and what Mermaid or HTML would take for their own as character codes.
func mermaidText(s string) string {
	width := &runewidth.Condition{}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(s, "\r", "")), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	for i, l := range lines {
		var b strings.Builder
		for _, r := range width.Truncate(strings.TrimSpace(l), maxNodeLine, "…") {
			if r < ' ' || strings.ContainsRune("\"#&<>`|%;\\{}[]()@*_~", r) {
				fmt.Fprintf(&b, "#%d;", r)
				continue
			}
			b.WriteRune(r)
		}
		lines[i] = b.String()
	}
	return strings.Join(lines, "<br/>")
}
