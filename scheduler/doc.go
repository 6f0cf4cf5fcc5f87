// Package scheduler turns cron expressions into run rows, exactly one for each tick, and keeps the
// rest of the way moving.
//
// Scheduler walks the clock: for every due tick it writes a run row through the store and starts the
// row's workflow. Any number of schedulers may share a database; the row decides which of them had
// the tick, so there is no leader. Sweeper is the net below: it starts runs whose workflow did not
// start, cancels again what was to be cancelled, and ends runs whose workflow is gone. The package
// reaches the database and the workflow engine through the small interfaces that it declares, and
// reads the time only from an injected clock.
//
// What a tick is, when it is late and what daylight saving does to it: docs/scheduling.md.
package scheduler
