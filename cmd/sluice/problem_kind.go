package main

import (
	"errors"
	"regexp"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// quoted is what differs between two causes of one kind: the name that was given, and how long it is.
var quoted = regexp.MustCompile(`"[^"]*"|\d+`)

// kindOf is a cause without the place that it was met at.
func kindOf(c cause) string {
	var at *integrations.Error
	if !errors.As(c.err, &at) {
		return quoted.ReplaceAllString(c.text, "…")
	}
	kind := *at
	kind.Key = ""
	return quoted.ReplaceAllString(kind.Error(), "…")
}

// kinds puts causes of one kind together, in the order in which each kind is met first.
func kinds(all []problem) [][]problem {
	var out [][]problem
	at := map[string]int{}
	for _, p := range all {
		i, known := at[p.kind]
		if !known {
			i = len(out)
			at[p.kind], out = i, append(out, nil)
		}
		out[i] = append(out[i], p)
	}
	return out
}
