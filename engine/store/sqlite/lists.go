package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// The names under which a member's runs and refusals are listed among the member's events.
const (
	runsOf     = "\x01runs"
	refusalsOf = "\x01refusals"
)

// ofMember lists the numbers of a member's runs or refusals: parameters are the member, one of the
// names, and the number before which they lie.
const ofMember = "(SELECT seq FROM members WHERE id = ? AND name = ? AND time = 0 AND seq < ?) m"

func (t *tx) listed(member, name string, n int64) error {
	_, err := t.exec("INSERT INTO members (id, name, time, seq) VALUES (?, ?, 0, ?)", member, name, n)
	return err
}

// indexedStates are states that few runs are in.
var indexedStates = []engine.RunState{engine.RunFailed, engine.RunExited, engine.RunHoldout}

// Runs pages over runs, newest first.
func (d *db) Runs(ctx context.Context, f store.RunFilter) (runs []engine.Run, next string, err error) {
	before, err := position(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	query, args := "SELECT "+runColumns+" FROM runs r WHERE r.n < ?", []any{before}
	playbook := "r.playbook"
	if f.Member != "" {
		query, args = "SELECT "+runColumns+" FROM "+ofMember+" CROSS JOIN runs r WHERE r.n = m.seq",
			[]any{f.Member, runsOf, before}
		playbook = "+r.playbook" // a member has fewer runs than a playbook: their index is the one to use
	}
	order := "r.n"
	if f.Prefix != "" {
		query += " AND r.id >= ? AND r.id < ?"
		args = append(args, f.Prefix, f.Prefix+"~") // ids are digits and small letters, which ~ comes after
		order = "+r.n"                              // few runs share a prefix: their ids' index is the one to use
	}
	by := func(column, value string) {
		if value != "" {
			query += " AND " + column + " = ?"
			args = append(args, value)
		}
	}
	// An index of a state is known by its name in the statement. A member has fewer runs than it.
	if f.Member == "" && f.Prefix == "" && slices.Contains(indexedStates, f.State) {
		query += " AND r.state = '" + string(f.State) + "'"
		playbook = "+r.playbook"
	} else {
		by("+r.state", string(f.State))
	}
	by(playbook, f.Playbook)
	query += " ORDER BY " + order + " DESC LIMIT ?"
	limit := cmp.Or(f.Limit, 50)
	var last int64
	err = d.read(ctx, func(c *conn) error {
		return c.query(query, append(args, limit+1), func(r row) error {
			if len(runs) == limit {
				next = strconv.FormatInt(last, 10)
				return nil
			}
			run, _ := runOf(r) // what cannot be read is shown by the run alone
			runs, last = append(runs, run), r.int(13)
			return nil
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list runs: %w", err)
	}
	return runs, next, nil
}

// decided is a decision with its place in the list.
type decided struct {
	engine.Decision
	n int64
}

// Decisions pages over entries and refusals, newest first. They share their numbers, so the lists
// merge.
func (d *db) Decisions(ctx context.Context, f store.DecisionFilter) (decisions []engine.Decision, next string,
	err error,
) {
	before, err := position(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := cmp.Or(f.Limit, 50)
	var list []decided
	err = d.read(ctx, func(c *conn) error {
		from, args := decisionsFrom("refusals", refusalsOf, f, before, limit)
		err := c.query("SELECT d.n, d.at, d.member, d.playbook, d.input, d.reason, d.seen"+from, args, func(r row) error {
			list = append(list, decided{n: r.int(0), Decision: refusalOf(r)})
			return nil
		})
		if err != nil {
			return err
		}
		from, args = decisionsFrom("runs", runsOf, f, before, limit)
		return c.query("SELECT d.n, d.id, d.member, d.playbook, d.state, d.trace, d.started_at"+from, args,
			func(r row) error {
				list = append(list, decided{n: r.int(0), Decision: entry(r)})
				return nil
			})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list decisions: %w", err)
	}
	slices.SortFunc(list, func(a, b decided) int { return cmp.Compare(b.n, a.n) })
	if len(list) > limit {
		list = list[:limit]
		next = strconv.FormatInt(list[limit-1].n, 10)
	}
	for _, e := range list {
		decisions = append(decisions, e.Decision)
	}
	return decisions, next, nil
}

// decisionsFrom returns the rest of a query for decisions out of runs or refusals, newest first.
func decisionsFrom(table, listed string, f store.DecisionFilter, before int64, limit int) (string, []any) {
	from, args := " FROM "+table+" d WHERE d.n < ?", []any{before}
	playbook := " AND d.playbook = ?"
	if f.Member != "" {
		from, args = " FROM "+ofMember+" CROSS JOIN "+table+" d WHERE d.n = m.seq", []any{f.Member, listed, before}
		playbook = " AND +d.playbook = ?"
	}
	if f.Playbook != "" {
		from, args = from+playbook, append(args, f.Playbook)
	}
	return from + " ORDER BY d.n DESC LIMIT ?", append(args, limit+1)
}

// entry returns the decision that began a run: the first entry of its trace, as far as that can be
// read.
func entry(r row) engine.Decision {
	e := engine.Decision{
		At: instant(r.int(6)), Member: r.str(2), Playbook: r.str(3), Run: r.str(1),
		Reason: engine.ReasonEntered,
	}
	if r.str(4) == string(engine.RunHoldout) {
		e.Reason = engine.ReasonHoldout
	}
	line, _, _ := strings.Cut(r.str(5), "\n")
	var first engine.TraceEntry
	if err := decode([]byte(line), &first); err == nil {
		e.Input, _ = first.Detail["input"].(string)
	}
	return e
}
