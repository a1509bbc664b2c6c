// Package declarations reads usher.yaml: attributes, events, segments, channels, coupon pools, and
// the rules of the whole workspace.
package declarations
