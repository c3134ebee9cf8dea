// Package agent brings what a reconciler admitted to programs that do not read it themselves: as files in a directory, as
// the environment and the files of a child process, or through an Apollo-compatible server (package apollo).
//
// It reads with package provider, so that what it hands on is whole, signed, and never older than what it had, and goes on
// with the last it knew when everything is down. [Once] takes what there is now and ends; [Run] keeps it new.
//
//	verify → stage the files beside → check command on them → switch → reload command, signal or restart
//
// What the check refuses is never seen by the program, and is reported as rejected where the source takes reports.
package agent
