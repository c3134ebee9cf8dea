package main

import "slices"

// faultMatrix is every cell of a cluster of etcd, in the order in which they are played.
func faultMatrix() []fault {
	return slices.Concat(kills(workSteps, allBut(1, 3, 5, 8, 10, 13, 16)), cuts(), nodes(), edits(), pauses(workSteps, true, allBut(13)))
}

// clusterMatrix is every cell of a kube-apiserver.
func clusterMatrix() []fault {
	return slices.Concat(kills(clusterSteps, allBut(3, 5)), clusterFaults(), pauses(clusterSteps, false, allBut(6)))
}

// allBut tells which cells make faults alone plays: the pipeline's time is short.
func allBut(some ...int) func(int) bool {
	return func(i int) bool { return !slices.Contains(some, i) }
}
