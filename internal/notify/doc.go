// Package notify makes the bodies of notifications: the neutral data of an event from what the store
// knows of a run, and from that data the body that a webhook's format wants.
//
// It is pure: nothing here reads a clock, a database or the network, so the same event always renders
// to the same bytes, however often its delivery is repeated.
package notify
