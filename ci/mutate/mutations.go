package main

import "slices"

// A mutation removes one guard: old occurs once in the file and is replaced; the tests of the package must notice.
type mutation struct {
	name, pkg, file string
	old, new        string
	tests           string // names of tests, joined by |
}

// racy are the mutations that only a race between writers shows, by name: who wins is chance, so they are tried so often at most. What
// is held otherwise has to be red at once.
var racy = map[string]int{
	"an older program writes over a newer one's cache": 3,
}

// inBrowser are those whose tests drive a browser, by name: they are tried with SLUICE_E2E=1 alone, and a run without it names them.
var inBrowser = map[string]bool{
	"live: what nobody spoke for stays as it was": true, "live: the rest of the page is not asked for": true,
}

// mutations is all of them, by what they guard.
var mutations = slices.Concat(signatureMutations, judgementMutations, awayMutations, secretMutations, auditMutations, fleetMutations, gateMutations, recordMutations, edgeMutations, goalMutations, targetMutations, configmapMutations, readerMutations, agentMutations, pageMutations, codeMutations, forgeMutations)
