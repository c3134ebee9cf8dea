package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func changeLine(c schema.Change) string {
	text := fmt.Sprintf("%s %s -> %s", c.Kind, c.From.Revision, c.To.Revision)
	if c.Tune && c.Kind != schema.Tune {
		text += ", and stage-local files"
	}
	switch {
	case c.Source != nil && c.Source.LiveAt.IsZero():
		text += fmt.Sprintf(", from %s (entry #%d, not live there)", c.Source.Stage, c.Source.Seq)
	case c.Source != nil:
		text += fmt.Sprintf(", from %s (entry #%d, live there since %s)", c.Source.Stage, c.Source.Seq, c.Source.LiveAt.UTC().Format(auditTime))
	}
	if c.Code != "" {
		text += " [" + string(c.Code) + "]"
	}
	return text
}

func mergeRequestText(mr ledger.MergeRequest) string {
	text := fmt.Sprintf("!%d on %s, opened by %s", mr.IID, mr.Host, mr.Author)
	if mr.MergedBy != "" {
		text += fmt.Sprintf(", merged by %s at %s", mr.MergedBy, mr.MergedAt.UTC().Format(auditTime))
	}
	return text
}

func commitText(c schema.CommitVerdict) string {
	if !c.OK() {
		return fmt.Sprintf("%s  [%s] %s", c.Commit.Short(), c.Code, c.Principal)
	}
	return fmt.Sprintf("%s  signed by %s with %s %s", c.Commit.Short(), c.Principal, c.Algorithm, c.Key)
}

// orderText says who asked for what an entry records, and why.
func orderText(e ledger.Entry) string {
	by := "by "
	if e.Kind == ledger.BreakGlass {
		by = "glass broken by "
	}
	text := by + strings.Join(e.Order.By, ", ")
	if e.Order.Reason != "" {
		text += ": " + e.Order.Reason
	}
	return schema.Printable(text)
}

// unsignedOf are the codes of commits that no known person signed; only what breaks the glass brings some in.
func unsignedOf(d ledger.Decision) []string {
	var codes []string
	for _, c := range d.Commits {
		if code := "[" + string(c.Code) + "]"; !c.OK() && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

func approvalText(c ledger.CountedApproval) string {
	return fmt.Sprintf("%s  %s, %s, at %s", c.Principal, c.Level, c.Role, c.At.UTC().Format(auditTime))
}

// nameOnce is the name of the first of several lines.
func nameOnce(i int, name string) string {
	if i == 0 {
		return name
	}
	return ""
}

// brief cuts a digest to what people can compare.
func brief(digest string) string {
	if _, hexed, ok := strings.Cut(digest, ":"); ok && len(hexed) > 16 {
		return digest[:len(digest)-len(hexed)+16] + "…"
	}
	return digest
}

// readMoment reads a time as people write it; a day is its begin in UTC, and 2m is two minutes ago.
func readMoment(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	if d, err := schema.ParseDuration(text); err == nil {
		return now().Add(-d).UTC(), nil
	}
	return time.Time{}, usageError(fmt.Errorf("%s %q: want a time (2026-11-23T09:00:00Z), a date, or how long ago (90d, 2m)", flag, text))
}
