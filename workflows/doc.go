// Package workflows holds the deterministic part of Bellwether: what a run does, in which order, and
// what follows from what its activities answer.
//
// Code here runs again and again from the engine's history, so it knows no clock, no random number
// and no input or output but those of the SDK. A change that makes different commands out of an old
// history breaks the runs that are under way; the replay tests of this package catch that.
package workflows
