package stories_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// shown is what the stories show, read from what they tell: TestStories holds that to what happens. Each cell of the table has the
// stories that have it.
type shown map[string][]string

func (s shown) add(story, format string, args ...any) {
	cell := fmt.Sprintf(format, args...)
	if !slices.Contains(s[cell], story) {
		s[cell] = append(s[cell], story)
	}
}

// TestTheStoriesShowEveryStep asks for a story of each step of the default lifecycle, refused and taken; of each pair of stages
// between which there is no step; of each kind of change, let in, waiting and refused; and of each answer of each policy.
func TestTheStoriesShowEveryStep(t *testing.T) {
	have := recorded(t)
	want := map[string]string{}
	steps(t, want)
	kinds(want)
	policiesAsked(t, want)
	missing := 0
	for _, cell := range slices.Sorted(maps.Keys(want)) {
		why := want[cell]
		switch {
		case why == "" && len(have[cell]) == 0:
			missing++
			t.Errorf("no story shows: %s", cell)
		case why != "" && len(have[cell]) > 0:
			t.Errorf("%s, which cannot be (%s), and yet %v shows it", cell, why, have[cell])
		}
	}
	t.Logf("%d cells, %d of them shown, %d cannot be", len(want), len(want)-missing-reasons(want), reasons(want))
}

func reasons(want map[string]string) (n int) {
	for _, why := range want {
		if why != "" {
			n++
		}
	}
	return n
}

// steps are those of the default lifecycle, and the pairs of stages that have none.
func steps(t *testing.T, want map[string]string) {
	project, found := schema.LoadProject("sluice.yaml", []byte("version: 1\ntargets: {etcd: {}}\n"))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	for s := range lifecycle.Steps(project) {
		for _, how := range []string{"taken", "refused"} {
			want[fmt.Sprintf("step %s %s %s: %s", s.From, s.On.Event, s.To, how)] = ""
		}
	}
	for _, to := range project.Stages[1:] {
		for _, from := range project.Stages {
			if from.Name != to.Name && !slices.Contains(lifecycle.Sources(project, lifecycle.Promote, to.Name), from.Name) {
				want[fmt.Sprintf("no step %s to %s", from.Name, to.Name)] = ""
			}
		}
	}
}

// kinds of change, with what they come to.
func kinds(want map[string]string) {
	for _, kind := range []schema.Kind{schema.Edit, schema.Promote, schema.Rollback, schema.Tune, schema.Retire, schema.Override} {
		for _, outcome := range []string{"allow", "hold", "deny"} {
			want[fmt.Sprintf("%s: %s", kind, outcome)] = ""
		}
	}
	want["override: allow"], want["override: hold"] = "it is denied whatever else is missing", "it is denied whatever else is missing"
	want["break-glass: allow"], want["break-glass: refused"] = "", ""
}

// never are the answers that no story shows, though the policy has them, and why; policies/testdata/trees shows them.
var never = map[string]string{
	"signed: missing":     "a pass that cannot read the commits ends",
	"provenance: missing": "what a change is, is always found out",
	"limits: missing":     "a pass that cannot read what was admitted ends",
	"critical: missing":   "only a repository that lost the admitted commit has it",
	"secrets: missing":    "a pass that cannot read the files ends",
	"suspension: allow":   "what is not pinned is not asked about it",
}

// policiesAsked are the answers that golden trees have.
func policiesAsked(t *testing.T, want map[string]string) {
	files, err := filepath.Glob("../../policies/testdata/trees/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no verdict trees: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		policy := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, answer := range []string{"allow", "hold", "deny", "missing"} {
			if strings.Contains(string(data), "# "+answer+": ") {
				cell := policy + ": " + answer
				want["policy "+cell] = never[cell]
			}
		}
	}
}

var (
	decided = regexp.MustCompile(`^    #\d+ (admit|hold|deny|rollback|retire|break-glass) (\w+)/(\w+) ([a-z]+) (\w+)->(\w+)(.*)`)
	filed   = regexp.MustCompile(`^    #\d+ archive (\w+)/`)
	asked   = regexp.MustCompile(`^    ( *)([a-z_-]+) (allow|hold|deny)(?: \[([a-z-]+)\])?$`)
	sealing = regexp.MustCompile(`(\w+)/(\w+)=(\w+)`)
)

// recorded reads all stories.
func recorded(t *testing.T) shown {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	have := shown{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{shown: have, story: strings.TrimSuffix(filepath.Base(file), ".txt"), has: map[string]string{}}
		if strings.Contains(string(source), "\nstages ") || strings.Contains(string(source), "\nlayout ") {
			continue // another lifecycle, or one layout alone
		}
		for line := range strings.Lines(string(source)) {
			r.line(strings.TrimRight(line, "\n"))
		}
	}
	return have
}
