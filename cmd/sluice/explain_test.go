package main

import (
	"regexp"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// Advice names commands that there are: explain and the hints of errors print it as it stands.
func TestAdviceNamesCommandsThatExist(t *testing.T) {
	prose := []string{"also", "and", "does", "knows", "names", "reads", "shows", "that", "understands", "wrote", "did"}
	var commands []string
	for _, group := range (&app{}).commands() {
		for _, c := range group {
			commands = append(commands, c.Name())
		}
	}
	shape := regexp.MustCompile(`\bsluice ([a-z-]+)`)
	for _, code := range schema.Codes() {
		info, _ := schema.Explain(code)
		for _, found := range shape.FindAllStringSubmatch(info.Cause+" "+info.Fix, -1) {
			if word := found[1]; !slices.Contains(commands, word) && !slices.Contains(prose, word) {
				t.Errorf("%s advises %q, which is no command", code, found[0])
			}
		}
	}
}
