// Package worker is the shell around the core: it drains the inbox lane by lane, lets waits and
// schedules come due, and carries deliveries out.
//
// The database is the truth and asynq is the legs: a task only says "look at this lane".
// What there is to do is read from the database, so a task may be lost, doubled or
// late and nothing is wrong; a sweep from the database wakes whatever is owed. What this process
// itself has brought about it looks at without a task. Deliveries need none: see executor.
package worker
