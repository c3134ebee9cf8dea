package reconciler

import (
	"strings"
	"testing"
	"time"
)

func TestNobodyWaitsForEver(t *testing.T) {
	had := turns{}
	all := strings.Fields("a b c d e")
	name := func(s string) string { return s }
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var got []string
	for pass := range 5 {
		for _, one := range order(had, all, name)[:2] {
			had[one] = now.Add(time.Duration(pass) * time.Minute)
			got = append(got, one)
		}
	}
	if want := "a b c d e a b c d a"; strings.Join(got, " ") != want {
		t.Errorf("turns: %s, want %s", strings.Join(got, " "), want)
	}
	order(had, all[:1], name)
	if len(had) != 1 {
		t.Errorf("%d turns are remembered of one thing", len(had))
	}
}
