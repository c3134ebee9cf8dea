package main

import "slices"

// faultMatrix is every cell, in the order in which they are played.
func faultMatrix() []fault {
	return slices.Concat(kills(), cuts(), nodes(), edits(), pauses())
}
