// Package arithmetic declares to the expr library the functions that the operators and the
// functions of numbers in expressions are lowered to: they round as a calculator does, know
// missing values, and fail where a result would be too large, too long or too far away. No author
// can write their names.
package arithmetic
