// Package text compiles and renders the texts of messages, in Liquid.
//
// The Liquid library takes much in silence: a name that does not exist is empty, a comparison of
// types that never match is false, `and` and `or` are read from the right. So a text goes through
// these steps before the library sees it:
//  1. Parse (parse.go, token.go, blocks.go, expr.go): into a tree with places, strictly. What is
//     not Liquid is a mistake.
//  2. Check (types.go, values.go, conditions.go, filters.go, dates.go, signs.go): types and enum
//     values of every comparison and filter, values that may be missing, divisors that may be zero,
//     date formats; unfilled.go looks at the words between the tags.
//  3. Lower (lower.go, work.go): comparisons are made explicit, work is counted and bounded,
//     branches report when they are taken, for the coverage of tests.
//  4. Render (template.go, numbers.go): by the library, within bounds of time and size.
package text
