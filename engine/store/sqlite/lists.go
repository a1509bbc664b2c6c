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

// Runs pages over runs, newest first.
func (d *db) Runs(ctx context.Context, f store.RunFilter) (runs []engine.Run, next string, err error) {
	before, err := position(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	query, args := "SELECT "+runColumns+" FROM runs r WHERE r.n < ?", []any{before}
	by := func(column, value string) {
		if value != "" {
			query += " AND " + column + " = ?"
			args = append(args, value)
		}
	}
	by("r.member", f.Member)
	playbook := "r.playbook"
	if f.Member != "" {
		playbook = "+r.playbook" // a member has fewer runs than a playbook: their index is the one to use
	}
	by(playbook, f.Playbook)
	by("+r.state", string(f.State))
	query += " ORDER BY r.n DESC LIMIT ?"
	limit := cmp.Or(f.Limit, 50)
	var last int64
	err = d.read(ctx, func(c *conn) error {
		return c.query(query, append(args, limit+1), func(r row) error {
			if len(runs) == limit {
				next = strconv.FormatInt(last, 10)
				return nil
			}
			run, err := runOf(r)
			runs, last = append(runs, run), r.int(13)
			return err
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

// Decisions pages over entries and refusals, newest first. They share their numbers, so the lists merge.
func (d *db) Decisions(ctx context.Context, f store.DecisionFilter) (decisions []engine.Decision, next string, err error) {
	before, err := position(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := cmp.Or(f.Limit, 50)
	where, args := filter(f, before)
	args = append(args, limit+1)
	var list []decided
	err = d.read(ctx, func(c *conn) error {
		const refused = "SELECT n, at, member, playbook, input, reason, seen FROM refusals WHERE n < ?"
		err := c.query(refused+where, args, func(r row) error {
			e := decided{n: r.int(0), Decision: engine.Decision{
				At: instant(r.int(1)), Member: r.str(2), Playbook: r.str(3), Input: r.str(4), Reason: r.str(5),
			}}
			err := decode(r.bytes(6), &e.Seen)
			list = append(list, e)
			return err
		})
		if err != nil {
			return err
		}
		const entered = "SELECT " + runColumns + " FROM runs r WHERE n < ?"
		return c.query(entered+where, args, func(r row) error {
			run, err := runOf(r)
			list = append(list, decided{n: r.int(13), Decision: entry(&run)})
			return err
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

func filter(f store.DecisionFilter, before int64) (string, []any) {
	var b strings.Builder
	args := []any{before}
	if f.Member != "" {
		b.WriteString(" AND member = ?")
		args = append(args, f.Member)
	}
	if f.Playbook != "" {
		b.WriteString(map[bool]string{false: " AND playbook = ?", true: " AND +playbook = ?"}[f.Member != ""])
		args = append(args, f.Playbook)
	}
	b.WriteString(" ORDER BY n DESC LIMIT ?")
	return b.String(), args
}

// entry gives the decision that began a run.
func entry(r *engine.Run) engine.Decision {
	e := engine.Decision{At: r.StartedAt, Member: r.Member, Playbook: r.Playbook, Run: r.ID, Reason: "entered"}
	if r.State == engine.RunHoldout {
		e.Reason = string(engine.RunHoldout)
	}
	e.Input, _ = r.Trigger["id"].(string)
	return e
}
