// Package peers measures sluice against libraries that do the same work, in one run. It is a module of its own, so that
// nothing of them gets into the project's.
package peers
