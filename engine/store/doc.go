// Package store says what usher asks of a database. No rule of the engine is in a driver, and no
// SQL dialect outside one.
//
// There is one file a role, and a caller asks for the roles it needs:
//
//   - [Intake] takes inputs in.
//   - [Fence], [Pending], [Loader], [Pools], [Committer] and [Holds] are the life of a batch: a
//     worker claims a lane, asks what it owes, loads the members, decides, and commits. Together
//     they are the [Decider].
//   - [Outbox] is for deliveries, [Jobs] for fan-outs, schedules among them.
//   - [Registry] holds workspaces, [Reader] answers questions, [Failures] are what was given up on.
//
// The numbered sentences are promises. Each names, as (Group "case"), the case of package storetest
// that fails when a driver breaks it. The drivers are in sub-packages.
package store
