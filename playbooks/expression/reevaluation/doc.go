// Package reevaluation derives when the answer of an expression may change by the passing of time
// alone.
package reevaluation
