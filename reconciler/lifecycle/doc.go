// Package lifecycle is the state machine of a project: which node a revision of an app may go to, on which event, and
// what guards the step.
//
// A [Definition] is data. [Compile] checks it as a whole (a state that nothing leads to, one that leads nowhere final, a
// guard that nobody wrote) and makes a [Machine]; an [Instance] is one subject in it. A transition is one
// compare-and-swap: of those who move the same subject at once, exactly one succeeds and its hooks run, the others are
// told where the subject is now. Nothing waits, and nothing is allocated for a transition whose [Cause] is shared.
//
// [Of] makes the definition of a project's lifecycle; the default has seven nodes. [Steps] is the one list of which step exists:
// the reconciler takes a change for a promotion, an edit, a rollback or a retirement only where it has such a step.
package lifecycle
