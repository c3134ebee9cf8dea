package main

import "slices"

// A mutation removes one guard: old occurs once in the file and is replaced; the tests of the package must notice.
type mutation struct {
	name, pkg, file string
	old, new        string
	tests           string // names of tests, joined by |
}

// mutations is all of them, by what they guard.
var mutations = slices.Concat(signatureMutations, judgementMutations, auditMutations, fleetMutations, gateMutations, recordMutations, edgeMutations, targetMutations, configmapMutations, readerMutations, agentMutations, pageMutations)
