package expression

import (
	"strconv"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/schema"
)

// ExpiringField begins the name of the field of a member that says how many points expire within a time, which stands
// behind it. No author can write it.
const ExpiringField = ":expiring "

// pointsExpiring checks points_expiring("30d").
func (c *checker) pointsExpiring(n *ast.CallNode) *schema.Type {
	s, ok := c.constantArgument(n, "points_expiring", `points_expiring("30d")`)
	if !ok {
		return schema.Int
	}
	c.refs.attributes["points"] = true
	d, err := schema.ParseDuration(s.Value)
	switch {
	case !c.sc.Schema.PointsExpire():
		c.Report(n.Location(), "unknown-function", "usher.yaml says when: `points: {expires: 365d}`", "no points expire here")
	case err != nil:
		hint := schema.SuggestDuration(s.Value)
		r := c.Report(s.Location(), "bad-duration", hint.Question(), "%q is no duration: %s", s.Value, err)
		if hint.Write != "" {
			r.Suggest(strconv.Quote(hint.Write)).UnsureUnless(hint.Sure)
		}
	case d.Days < 0 || d.Elapsed < 0 || d.IsZero():
		c.Report(s.Location(), "bad-duration", "as in 30d", "points expire in the time that comes")
	}
	return schema.Int
}
