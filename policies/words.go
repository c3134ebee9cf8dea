package policies

import (
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func number(n int) string     { return strconv.Itoa(n) }
func number64(n int64) string { return strconv.FormatInt(n, 10) }

// duration writes 24h rather than 24h0m0s.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// list joins names in order, each once.
func list(names []string) string {
	seen := map[string]bool{}
	var out []string
	for _, n := range names {
		if n != "" && !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	sort.Strings(out)
	return strings.Join(out, ", ")
}

func signers(commits []schema.CommitVerdict) []string {
	var out []string
	for _, c := range commits {
		out = append(out, c.Principal)
	}
	return out
}

// joined writes at most ten names, and how many more there are.
func joined(names []string) string {
	const most = 10
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and " + number(len(names)-most) + " more"
	}
	return strings.Join(names, ", ")
}
