package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// printCommit writes what verify says of a commit: a line, and below a bad one why and by which key.
func (a *app) printCommit(v judged) error {
	if a.json() {
		return a.encode(v)
	}
	_, err := fmt.Fprint(a.out, v.text())
	return err
}

func (v judged) text() string {
	code, who := string(v.Code), schema.Printable(v.Principal)
	switch {
	case v.Merge:
		code, who = "merge", "-"
	case who == "":
		who = "nobody known"
	}
	text := fmt.Sprintf("%s  %-18s %-18s %-15s %s\n", v.Commit.Short(), code, who, shortKey(v.Key), schema.Printable(v.Subject))
	if v.good() {
		return text
	}
	if v.Detail != "" {
		text += fmt.Sprintf("          why: %s\n", schema.Printable(v.Detail))
	}
	if v.Key != "" && !strings.Contains(v.Detail, v.Key) {
		text += fmt.Sprintf("          key: %s %s\n", v.Key, v.Algorithm)
	}
	return text
}

// shortKey is enough of a fingerprint to tell keys apart by eye.
func shortKey(key string) string {
	hash, ok := strings.CutPrefix(key, "SHA256:")
	switch {
	case key == "":
		return "-"
	case ok:
		return "SHA256:" + hash[:min(8, len(hash))]
	}
	return key[max(0, len(key)-8):]
}

// verdictCount adds up what verify said.
type verdictCount struct {
	all, bad, merges int
	codes            map[schema.Code]int // of bad commits
	signers          map[string]int      // of good ones
}

func (c *verdictCount) add(v judged) {
	c.all++
	switch {
	case v.Merge:
		c.merges++
	case v.OK():
		if c.signers == nil {
			c.signers = map[string]int{}
		}
		c.signers[v.Principal]++
	default:
		if c.codes == nil {
			c.codes = map[schema.Code]int{}
		}
		c.bad++
		c.codes[v.Code]++
	}
}

// text is the last line, and what each code means.
func (c verdictCount) text() string {
	if c.all == 0 {
		return "no commits in that range\n"
	}
	good := c.all - c.bad - c.merges
	var parts []string
	if good > 0 {
		var who []string
		for _, name := range slices.Sorted(maps.Keys(c.signers)) {
			who = append(who, fmt.Sprintf("%s %d", schema.Printable(name), c.signers[name]))
		}
		parts = append(parts, fmt.Sprintf("%d signed by known people (%s)", good, strings.Join(who, ", ")))
	}
	if c.merges > 0 {
		parts = append(parts, count(int64(c.merges), "merge that adds nothing", "merges that add nothing"))
	}
	if c.bad > 0 {
		parts = append(parts, fmt.Sprintf("%d NOT GOOD", c.bad))
	}
	text := "\n" + count(int64(c.all), "commit", "commits") + ": " + strings.Join(parts, ", ") + "\n"
	for _, code := range slices.Sorted(maps.Keys(c.codes)) {
		info, _ := schema.Explain(code)
		text += fmt.Sprintf("  %d %s: %s; more: sluice explain %s\n", c.codes[code], code, info.Title, code)
	}
	return text
}
