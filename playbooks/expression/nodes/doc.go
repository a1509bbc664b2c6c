// Package nodes answers what can be asked of the tree of an expression without its types: the text and
// the place of a part, its children, constants that are written out.
package nodes
