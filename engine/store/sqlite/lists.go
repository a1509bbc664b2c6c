package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/runrows"
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
			return runrows.Open(c.Conn, p, f.Member, before, add)
		}
		return c.begunRuns(p, f, before, add)
	})
	if err != nil {
		return nil, "", fmt.Errorf("list runs: %w", err)
	}
	return runs, p.Next(), nil
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
			if err := runrows.Now(c.Conn, &item); err != nil {
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
	begun, until, ok := naming.InstantsOf(f.Prefix)
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
			if item.Run == nil && item.Decision == nil {
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
