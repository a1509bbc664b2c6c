package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

var treeCases = map[string]func(*testing.T, *suite){
	"keeps what commits say of trees, and takes away what they give up": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(2)
		mark := s.accept(event("e", m[0], "x"))[0].Seq
		nodes := func(texts ...string) (list []engine.TreeNode) {
			for i, text := range texts {
				list = append(list, engine.TreeNode{Level: 3, Bucket: int64(i) - 1, Data: []byte(text)})
			}
			return append(list, engine.TreeNode{Level: engine.RootLevel, Data: []byte("root of " + texts[0])})
		}
		s.commit(m[0], mark, &engine.Changes{Trees: []engine.TreeChange{
			{Member: m[0], Event: "x", Tree: "a", Nodes: nodes("one", "two")},
			{Member: m[0], Event: "x", Tree: "b", Nodes: nodes("three")},
			{Member: m[0], Event: "y", Tree: "a", Nodes: nodes("four")},
		}})
		got, err := s.Trees(s.ctx, m)
		s.must(err)
		s.same("members", len(got), 1)
		s.same("roots", fmt.Sprintf("%s", got[m[0]]), "map[x:map[a:root of one b:root of three] y:map[a:root of four]]")
		node := func(event, tree string, bucket int64) string {
			data, err := s.Archive(s.ctx, m[0], event, mark).Node(tree, 3, bucket)
			s.must(err)
			return string(data)
		}
		s.same("a node", node("x", "a", 0), "two")
		s.same("one that is not there", node("x", "b", 0), "")
		s.commit(m[0], mark, &engine.Changes{Trees: []engine.TreeChange{
			{Member: m[0], Event: "x", Tree: "a", Gone: true, Nodes: nodes("new")},
			{Member: m[0], Event: "x", Tree: "b", Gone: true},
			{Member: m[0], Event: "y", Tree: "a", Nodes: nodes("five")},
		}})
		got, err = s.Trees(s.ctx, m)
		s.must(err)
		s.same("roots", fmt.Sprintf("%s", got[m[0]]), "map[x:map[a:root of new] y:map[a:root of five]]")
		s.same("a node made anew", node("x", "a", -1), "new")
		s.same("a node of before", node("x", "a", 0), "")
		s.same("a node taken away", node("x", "b", -1), "")
		s.same("a node written again", node("y", "a", -1), "five")
	},
	"builds them while their member is held, and of nobody else": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(2)
		root := func(text string) []engine.TreeChange {
			nodes := []engine.TreeNode{{Level: engine.RootLevel, Data: []byte(text)}}
			return []engine.TreeChange{{Member: m[0], Event: "x", Tree: "a", Nodes: nodes}}
		}
		roots := func() string {
			got, err := s.Trees(s.ctx, m)
			s.must(err)
			return fmt.Sprintf("%s", got[m[0]])
		}
		before := s.accept(event("before", m[0], "x"), event("a", m[1], "x"))
		s.commit(m[0], before[1].Seq, &engine.Changes{Members: []*engine.Member{{ID: m[0]}}})
		stale := func(what string) {
			s.same(what, errors.Is(s.BuildTrees(s.ctx, m[0], root("none"), true), store.ErrStale), true)
			s.same(what, errors.Is(s.BuildTrees(s.ctx, m[1], nil, true), store.ErrStale), true)
		}
		stale("of nobody who is held")
		s.commit(m[1], 0, &engine.Changes{Held: []engine.Held{{Member: m[1], Error: "broken"}}})
		stale("of nobody who is held for something else")
		in := s.accept(event("b", m[0], "x"), event("c", m[0], "x"))
		held := engine.Held{Member: m[0], Error: "it is long", Building: true}
		s.commit(m[0], in[1].Seq, &engine.Changes{Held: []engine.Held{held}})
		list, err := s.Held(s.ctx)
		s.must(err)
		s.same("held", list, []engine.Held{held, {Member: m[1], Error: "broken"}})
		s.must(s.BuildTrees(s.ctx, m[0], root("one"), false))
		s.same("what is stored", roots(), "map[x:map[a:one]]")
		released, err := s.Release(s.ctx)
		s.must(err)
		s.same("Release lets others go on", released, []string{m[1]})
		failures, _, err := s.Failures(s.ctx, store.FailureFilter{Limit: 5})
		s.must(err)
		s.same("failures", len(failures), 0) // that of the other is settled
		late := s.accept(event("d", m[0], "x"))
		s.commit(m[0], late[0].Seq, &engine.Changes{Held: []engine.Held{{Member: m[0], Error: "it is held"}}})
		s.accept(event("e", m[0], "x"))
		others := s.accept(event("f", m[1], "x"), event("g", m[1], "x"))
		for !others[1].At.After(in[0].At) {
			others = append(others[:1], s.accept(event(fmt.Sprint("g", len(others), now().UnixNano()), m[1], "x"))...)
		}
		s.must(s.BuildTrees(s.ctx, m[0], root("two"), true))
		if b := s.pending(lane, 1); !b.More || b.Horizon.After(in[0].At) {
			t.Errorf("what is left behind came in at %v, and the horizon is %v", in[0].At, b.Horizon)
		}
		s.commit(m[1], others[1].Seq, &engine.Changes{})
		s.same("what is stored", roots(), "map[x:map[a:two]]")
		owed := s.pending(lane, 10).Inputs
		s.same("all is owed again, in its order", ids(owed), []string{"b", "c", "d", "e"})
		s.same("accepted as it was", []time.Time{owed[0].At, owed[1].At, owed[2].At}, []time.Time{in[0].At, in[1].At, late[0].At})
		list, err = s.Held(s.ctx)
		s.must(err)
		s.same("held", len(list), 0)
		stale("of nobody any more")
		mark := s.pending(lane, 10).Inputs
		s.commit(m[0], mark[len(mark)-1].Seq, &engine.Changes{})
		occurrence := event("occurrence", m[0], "p")
		occurrence.Kind, occurrence.At = engine.InputSchedule, now().Add(-time.Hour)
		kept := s.accept(occurrence)
		s.commit(m[0], kept[0].Seq, &engine.Changes{Held: []engine.Held{held}})
		s.accept(event("h", m[1], "x"))
		s.must(s.BuildTrees(s.ctx, m[0], nil, true))
		next := s.accept(event("i", m[1], "x"))
		for at := next[0].At; !at.After(next[0].At); {
			at = s.accept(event(fmt.Sprint("j", now().UnixNano()), m[1], "x"))[0].At
		}
		if b := s.pending(lane, 1); !b.More || b.Horizon.After(next[0].At) {
			t.Errorf("behind an occurrence that was kept lies what came in at %v, and the horizon is %v", next[0].At, b.Horizon)
		}
	},
	"holds a member to build for who is not deciding": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(3)
		before := s.accept(event("before", m[0], "x"), event("a", m[1], "x"))
		s.commit(m[0], before[1].Seq, &engine.Changes{})
		fence, err := s.Claim(s.ctx, lane)
		s.must(err)
		mark, err := s.HoldToBuild(s.ctx, m[0], "it is long")
		s.must(err)
		s.same("decided up to", mark, before[1].Seq)
		if err := s.Commit(s.ctx, lane, fence, 0, &engine.Changes{}); !errors.Is(err, store.ErrStale) {
			t.Errorf("a batch that was read before: %v", err)
		}
		list, err := s.Held(s.ctx)
		s.must(err)
		s.same("held", list, []engine.Held{{Member: m[0], Error: "it is long", Building: true}})
		in := s.accept(event("b", m[0], "x"), event("c", m[1], "x"))
		s.commit(m[1], in[1].Seq, &engine.Changes{Held: []engine.Held{{Member: m[0], Error: "it is held"}}})
		again, err := s.HoldToBuild(s.ctx, m[0], "it is long")
		s.must(err)
		s.same("decided up to", again, in[1].Seq)
		s.must(s.BuildTrees(s.ctx, m[0], nil, true))
		s.same("owed again", ids(s.pending(lane, 10).Inputs), []string{"b"})
		s.commit(m[2], 0, &engine.Changes{Held: []engine.Held{{Member: m[2], Error: "broken"}}})
		if _, err := s.HoldToBuild(s.ctx, m[2], "it is long"); !errors.Is(err, store.ErrStale) {
			t.Errorf("of one who is held for something else: %v", err)
		}
	},
	"an archive has the decided events of a name, in both directions": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(2)
		old, older := event("old", m[0], "x"), event("older", m[0], "x")
		old.Time, older.Time = now().Add(-time.Hour), now().Add(-2*time.Hour)
		in := s.accept(old, older, event("new", m[0], "x"), event("else", m[0], "y"), event("theirs", m[1], "x"),
			event("undecided", m[0], "x"))
		mark := in[4].Seq
		s.commit(m[0], mark, &engine.Changes{})
		a := s.Archive(s.ctx, m[0], "x", mark)
		s.same("all", s.happened(a, 0, 1<<60, false, 10), []string{"older", "old", "new"})
		s.same("the last first", s.happened(a, 0, 1<<60, true, 10), []string{"new", "old", "older"})
		at := old.Time.UnixMilli()
		s.same("of one millisecond", s.happened(a, at, at, false, 10), []string{"old"})
		s.same("up to it", s.happened(a, 0, at, true, 10), []string{"old", "older"})
		s.same("until it is told to stop", s.happened(a, 0, 1<<60, false, 2), []string{"older", "old"})
	},
	"an archive goes through any number of events": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		const many = 2500
		list := make([]engine.Input, many)
		for i := range list {
			list[i] = event(fmt.Sprintf("e%04d", i), m[0], "x")
			list[i].Time = now().Add(-time.Duration(i/900) * time.Hour).Truncate(time.Hour) // many at one time
		}
		in := s.accept(list...)
		mark := in[many-1].Seq
		s.commit(m[0], mark, &engine.Changes{})
		a := s.Archive(s.ctx, m[0], "x", mark)
		for _, newest := range []bool{false, true} {
			got := s.happened(a, 0, 1<<60, newest, 2*many)
			seen := map[string]bool{}
			for _, id := range got {
				seen[id] = true
			}
			s.same("events", []int{len(got), len(seen)}, []int{many, many})
		}
	},
}

// happened returns the ids of events of an archive, some at most.
func (s *suite) happened(a engine.Archive, from, to int64, newest bool, most int) (ids []string) {
	s.t.Helper()
	s.must(a.Events(from, to, newest, func(e *engine.Happened) bool {
		ids = append(ids, e.ID)
		return len(ids) < most
	}))
	return ids
}
