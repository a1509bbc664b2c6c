// Package tree adds up what a window over a long history holds, without going through it.
//
// A tree is over the events of one name of one member, by their time. A node stands for a span of
// time, a power of 64 milliseconds, and has the [Value] of each 64th of it that holds events. A part
// with more than leafMost events has a node of its own, one level below. So
//
//   - a window is the values of whole parts and, at its two ends, of the events in a part of a part;
//   - an event, however late, changes the nodes on one way down: three or four of them;
//   - a tree holds nothing that the events do not say, and can be built anew from them.
//
// Values are counts and exact sums. They can be put together in any order, so a tree answers what
// going through the events would.
//
// How many different values there are cannot be put together of parts. [Values] keep when each of them
// was there last: so many are there in a window up to now as were there last since its beginning.
package tree
