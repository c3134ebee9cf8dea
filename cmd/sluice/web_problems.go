package main

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// shownProblems are the lines of an error with the codes by which health and alerts know it, as the terminal has them.
func shownProblems(err error) (lines []string, codes []schema.Code) {
	for _, p := range problems(err) {
		line := p.text
		if p.code != "" {
			line += " [" + string(p.code) + "]"
			codes = append(codes, p.code)
		}
		lines = append(lines, line)
	}
	slices.Sort(codes)
	return lines, slices.Compact(codes)
}
