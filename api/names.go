package api

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// maxSuggested is how many names an error lists beside the one that does not exist.
const maxSuggested = 10

// unknownName is the error about a name that nothing has: it says what was probably meant, else
// what there is.
func unknownName(code, kind, name string, known []string) *apiError {
	e := newError(code, "there is no %s `%s`", kind, name)
	if hint := diag.DidYouMean(name, known); hint != "" {
		e.Message += "; " + hint
		return e
	}
	if len(known) == 0 {
		e.Message += ", and no other"
		return e
	}
	known = slices.Sorted(slices.Values(known))
	more := ""
	if len(known) > maxSuggested {
		known, more = known[:maxSuggested], ", …"
	}
	e.Message += "; there is " + strings.Join(known, ", ") + more
	return e
}

func playbookIDs(ws *playbooks.Workspace) (ids []string) {
	for _, p := range ws.Playbooks {
		ids = append(ids, p.ID)
	}
	return ids
}

func segmentNames(s *playbooks.Schema) []string {
	names := []string{}
	for i := range s.Segments {
		names = append(names, s.Segments[i].Name)
	}
	return names
}

func (s *server) noPlaybook(id string) *apiError {
	ws, _ := s.Workspace()
	return unknownName(codeNotFound, "playbook", id, playbookIDs(ws))
}

func noMember(id string) *apiError { return newError(codeNotFound, "there is no member `%s`", id) }

// memberID returns the id that a member who is asked for has. Who came before ids were written in
// one way is found as they came.
func (s *server) memberID(c *gin.Context, id string) string {
	ws, _ := s.Workspace()
	kept := ws.Schema.MemberID(id)
	if kept == id {
		return id
	}
	known := func(id string) bool {
		_, err := s.Store.Member(c.Request.Context(), id)
		return !errors.Is(err, store.ErrNotFound)
	}
	if !known(kept) && known(id) {
		return id
	}
	return kept
}

// filtered reports an error when a list is asked for by a playbook or a member that does not exist:
// an empty list would say that nothing happened. A playbook that was removed is known by its runs.
func (s *server) filtered(ctx context.Context, playbook, member string) error {
	if member != "" {
		_, err := s.Store.Member(ctx, member)
		if errors.Is(err, store.ErrNotFound) {
			return noMember(member)
		}
		if err != nil && !errors.Is(err, store.ErrDamaged) { // there is such a member
			return err
		}
	}
	ws, _ := s.Workspace()
	if playbook == "" || ws.Playbook(playbook) != nil {
		return nil
	}
	runs, _, err := s.Store.Runs(ctx, store.RunFilter{Playbook: playbook, Limit: 1})
	if err == nil && len(runs) == 0 {
		return s.noPlaybook(playbook)
	}
	return err
}

var runStates = []string{
	string(engine.RunWaiting), string(engine.RunDone), string(engine.RunExited), string(engine.RunFailed),
	string(engine.RunHoldout),
}
