// Package store keeps everything of Bellwether in one SQL database: definitions, runs, results,
// deliveries and the scheduler's cursors. It is the only package that knows gorm.
//
// Two databases are spoken: SQLite for one machine, MySQL (or MariaDB) for more. The suite in
// storetest holds both to the same behaviour. Schemas are made by the numbered SQL files under
// migrations/, never by gorm.
//
// Rules that every function keeps:
//
//   - What must happen together happens in one transaction, and a transaction that lost against
//     another one (deadlock, lock wait, busy database) is run again a bounded number of times.
//     Functions given to a transaction are therefore called more than once now and then.
//   - A decision that two processes could take at the same time is taken under a row lock, or left
//     to a unique index. The number of rows that an INSERT reports is never looked at.
//   - Expected outcomes are errors of package models (ErrNotFound, ErrDuplicate, ErrStale, ErrInUse,
//     ErrFinished, ErrClaimed), wrapped with the operation. The driver's own errors do not pass.
//   - Lists select no secrets and no documents.
//   - Times are UTC in whole microseconds, which is what both databases keep.
package store
