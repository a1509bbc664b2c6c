package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/trail"
)

// Runs pages over runs, newest first.
func (d *db) Runs(ctx context.Context, f store.RunFilter) (runs []engine.Run, next string, err error) {
	before, err := position(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	p := records.NewPage(before, cmp.Or(f.Limit, 50), store.PageReads)
	err = d.read(ctx, func(c *conn) error {
		add := func(item *records.Item) (more bool) {
			r := item.Run
			if f.State != "" && r.State != f.State || f.Playbook != "" && r.Playbook != f.Playbook ||
				f.Member != "" && r.Member != f.Member || !strings.HasPrefix(r.ID, f.Prefix) {
				return true
			}
			if !p.Takes(item.Place) {
				return !p.Full
			}
			runs = append(runs, *r)
			return true
		}
		if f.State == engine.RunWaiting {
			return c.openRuns(p, f.Member, before, add)
		}
		return c.begunRuns(p, f, before, add)
	})
	if err != nil {
		return nil, "", fmt.Errorf("list runs: %w", err)
	}
	return runs, p.Next(), nil
}

// window returns the lowest key of the rows that a page looks at, and whether there are more below:
// of rows that a selection has in the order of their key, from the largest below another one on.
func (c *conn) window(key, selection string, args ...any) (lowest int64, more bool, err error) {
	read := fmt.Sprintf("SELECT %[1]s FROM %[2]s ORDER BY %[1]s DESC LIMIT 1 OFFSET %[3]d", key, selection, store.PageReads-1)
	more, err = c.one(read, args, func(r row) error {
		lowest = r.int(0)
		return nil
	})
	return lowest, more, err
}

// firstOf returns the first of what was found, at most limit of them, and where the next page begins: behind the last
// of these, or where this one has ended looking, if there is more.
func firstOf[T any](list []T, limit int, number func(*T) int64, more bool, ended int64) (page []T, next string) {
	switch {
	case len(list) > limit:
		list = list[:limit]
		return list, strconv.FormatInt(number(&list[limit-1]), 10)
	case more:
		return list, strconv.FormatInt(ended, 10)
	}
	return list, ""
}

// openRuns goes through the runs that wait for a page, newest first; the empty member is any.
func (c *conn) openRuns(p *records.Page, member string, before int64, each func(*records.Item) bool) error {
	of, args := "runs r WHERE", []any{}
	if member != "" {
		of, args = "runs r INDEXED BY runs_open WHERE r.subject = ("+subjectOfMember+"?) AND r.state = 'waiting' AND", append(args, member)
	}
	lowest, more, err := c.window("r.place", of+" r.place < ?", append(slices.Clone(args), before)...)
	if err != nil {
		return err
	}
	defer func() {
		if more && !p.Full {
			p.Cut(lowest)
		}
	}()
	read := "SELECT " + runColumns + " FROM " + of + " r.place >= ? AND r.place < ? AND r.state = 'waiting' ORDER BY r.place DESC LIMIT ?"
	args = append(args, lowest, before)
	for {
		n, wanted := 0, true
		err := c.query(read, append(slices.Clone(args), trail.Portion), func(r row) error {
			of, _ := runOf(r) // what cannot be read is shown by the run alone
			n, before = n+1, r.int(13)
			if wanted {
				wanted = each(&records.Item{Place: before, Run: &of})
			}
			return nil
		})
		if err != nil || !wanted || n < trail.Portion {
			return err
		}
		args[len(args)-1] = before
	}
}

// shortWhile is how far apart runs may have begun that are looked for by the beginning of their ids:
// of those that are further apart the newest are found first by going through all.
const shortWhile = 10 * time.Minute

// begunRuns goes through runs by the records that begin them for a page, newest first.
func (c *conn) begunRuns(p *records.Page, f store.RunFilter, before int64, each func(*records.Item) bool) error {
	record := func(r *records.Stored) (bool, error) {
		if f.Playbook != "" && r.Err == nil && !records.Mentions(r.Data, f.Playbook) {
			return true, nil
		}
		for _, item := range r.Items() {
			if item.Run == nil || item.Place >= before || f.Playbook != "" && item.Run.Playbook != f.Playbook ||
				!strings.HasPrefix(item.Run.ID, f.Prefix) {
				continue
			}
			if err := c.now(&item); err != nil {
				return false, err
			}
			if !each(&item) {
				return false, nil
			}
		}
		return true, nil
	}
	t, from := trail.Trail{Conn: c.Conn, Page: p}, records.NumberOf(before)
	if f.Member != "" {
		_, err := t.Walk(trail.OfRuns, []any{f.Member}, from, 1, record)
		return err
	}
	begun, until, ok := engine.InstantsOf(f.Prefix)
	if !ok {
		return nil
	}
	if until.Sub(begun) < shortWhile {
		return t.Between(millis(begun), millis(until), from, record)
	}
	what := cmp.Or(string(f.State), engine.ReasonEntered)
	return t.Marked(f.Playbook, what, what, from, record)
}

// Decisions pages over entries and refusals, newest first.
func (d *db) Decisions(ctx context.Context, f store.DecisionFilter) (decisions []engine.Decision, next string,
	err error,
) {
	before, err := position(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	p := records.NewPage(before, cmp.Or(f.Limit, 50), store.PageReads)
	each := func(r *records.Stored) (more bool, err error) {
		if f.Playbook != "" && r.Err == nil && !records.Mentions(r.Data, f.Playbook) || f.Member != "" && r.Member != f.Member {
			return true, nil
		}
		for _, item := range r.Items() {
			if item.Coupon != "" {
				continue
			}
			decided := item.Decided()
			if (f.Playbook == "" || decided.Playbook == f.Playbook) && p.Takes(item.Place) {
				decisions = append(decisions, decided)
			}
		}
		return !p.Full, nil
	}
	err = d.read(ctx, func(c *conn) (err error) {
		t, from := trail.Trail{Conn: c.Conn, Page: p}, records.NumberOf(before)
		if f.Member == "" {
			return t.Marked(f.Playbook, engine.WhatRefused, engine.ReasonEntered, from, each)
		}
		_, err = t.Walk(trail.OfDecisions, []any{f.Member}, from, 1, each)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list decisions: %w", err)
	}
	return decisions, p.Next(), nil
}
