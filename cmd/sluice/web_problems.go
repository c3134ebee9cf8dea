package main

import (
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// shownProblems are the lines of an error with the codes by which health and alerts know it, as the terminal has them.
func shownProblems(err error) (lines []string, codes []schema.Code) {
	for _, p := range problems(err) {
		if p.code == "" {
			lines = append(lines, p.text)
			continue
		}
		bracketed := " [" + string(p.code) + "]"
		lines, codes = append(lines, strings.TrimSuffix(p.text, bracketed)+bracketed), append(codes, p.code)
	}
	slices.Sort(codes)
	return lines, slices.Compact(codes)
}
