package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// badTarget is a target that is not as it should be for some cells, for one reason.
type badTarget struct {
	Name  string
	Code  schema.Code
	Cells int       // for how many cells
	Of    int       // how many cells it has
	Since time.Time // since when it does not answer; zero where it does
}

// badTargets lists them by name and code. What was changed there and is healed or told of stands beside the cells.
func badTargets(v schema.View) []badTarget {
	var out []badTarget
	of := map[string]int{}
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			for _, t := range c.Targets {
				if of[t.Name]++; t.Code == "" || t.Code == "drift" || t.Code == "drift-contested" {
					continue
				}
				i := slices.IndexFunc(out, func(b badTarget) bool { return b.Name == t.Name && b.Code == t.Code })
				if i < 0 {
					i, out = len(out), append(out, badTarget{Name: t.Name, Code: t.Code})
				}
				out[i].Cells++
				if !t.Unknown.IsZero() && (out[i].Since.IsZero() || t.Unknown.Before(out[i].Since)) {
					out[i].Since = t.Unknown
				}
			}
		}
	}
	for i := range out {
		out[i].Of = of[out[i].Name]
	}
	slices.SortFunc(out, func(a, b badTarget) int { return strings.Compare(a.Name+" "+string(a.Code), b.Name+" "+string(b.Code)) })
	return out
}

// text reads "etcd: 5 of 5 cells not known since 2026-11-29 10:00 UTC (2 min ago)".
func (b badTarget) text(now time.Time) string {
	out := fmt.Sprintf("%s: %d of %s", safe(b.Name), b.Cells, counted(b.Of, "cell"))
	if !b.Since.IsZero() {
		return out + " not known since " + when(b.Since, now)
	}
	return out + " not written"
}

// comparedText says when the targets were compared, and which did not answer.
func comparedText(v schema.View) string {
	out := "targets compared " + v.Compared.UTC().Format("15:04:05 UTC")
	var silent []string
	for i := range v.Apps {
		for j := range v.Apps[i].Cells {
			for _, t := range v.Apps[i].Cells[j].Targets {
				if t.Unknown.IsZero() {
					continue
				}
				if name := safe(t.Name); !slices.Contains(silent, name) {
					silent = append(silent, name)
				}
			}
		}
	}
	if len(silent) == 0 {
		return out
	}
	slices.Sort(silent)
	return out + ", no answer from " + strings.Join(silent, ", ")
}
