package expression

import (
	"maps"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/schema"
)

// BuiltinRules are the functions of the expr library that the language has.
func BuiltinRules() map[string]builtinRule {
	onList := func(usage string, out func(elem *schema.Type, args []*schema.Type) *schema.Type) builtinRule {
		return builtinRule{usage, func(c *checker, n *ast.BuiltinNode, args []*schema.Type) *schema.Type {
			elem := c.list(n, args)
			if elem == nil {
				return out(schema.Any, nil)
			}
			return out(elem, args)
		}}
	}
	to := func(t *schema.Type) func(*schema.Type, []*schema.Type) *schema.Type {
		return func(*schema.Type, []*schema.Type) *schema.Type { return t }
	}
	same := func(elem *schema.Type, _ []*schema.Type) *schema.Type { return schema.ListOf(elem) }
	maybe := func(elem *schema.Type, _ []*schema.Type) *schema.Type { return elem.AsOptional() }
	rules := map[string]builtinRule{
		"all": onList("all(list, .x > 1)", to(schema.Bool)), "any": onList("any(list, .x > 1)", to(schema.Bool)),
		"none": onList("none(list, .x > 1)", to(schema.Bool)), "one": onList("one(list, .x > 1)", to(schema.Bool)),
		"filter": onList("filter(list, .x > 1)", same), "count": onList("count(list, .x > 1)", to(schema.Int)),
		"find": onList("find(list, .x > 1)", maybe), "findLast": onList("findLast(list, .x > 1)", maybe),
		"first": onList("first(list)", maybe), "last": onList("last(list)", maybe),
		"reverse": onList("reverse(list)", same), "take": onList("take(list, 3)", same),
		"map": onList("map(list, .x)", func(_ *schema.Type, args []*schema.Type) *schema.Type {
			if len(args) < 2 || args[1] == nil {
				return schema.ListOf(schema.Any)
			}
			return schema.ListOf(args[1])
		}),
		"len": {"len(list)", (*checker).lenOf},
		"sum": {"sum(list, .x)", (*checker).sumOf},
		"min": {"min(a, b)", (*checker).extreme}, "max": {"max(a, b)", (*checker).extreme},
		"abs":    {"abs(n)", fixedTypes(schema.Number, schema.Number)},
		"ceil":   {"ceil(n)", fixedTypes(schema.Number, schema.Number)},
		"floor":  {"floor(n)", fixedTypes(schema.Number, schema.Number)},
		"round":  {"round(n)", fixedTypes(schema.Number, schema.Number)},
		"int":    {"int(n)", fixedTypes(schema.Int, schema.Number)},
		"float":  {"float(n)", fixedTypes(schema.Number, schema.Number)},
		"string": {"string(n)", fixedTypes(schema.String, schema.Number)},
		"trim":   {"trim(s)", fixedTypes(schema.String, schema.String)},
		"upper":  {"upper(s)", fixedTypes(schema.String, schema.String)},
		"lower":  {"lower(s)", fixedTypes(schema.String, schema.String)},
		"split":  {`split(s, ",")`, fixedTypes(schema.ListOf(schema.String), schema.String, schema.String)},
	}
	maps.Copy(rules, listRules())
	return rules
}
