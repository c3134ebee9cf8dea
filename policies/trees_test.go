package policies_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "rewrite the verdict trees in testdata/trees")

// The ways in which a policy answers. Where facts are missing it says anything but allow.
var answers = []string{"allow", "hold", "deny", "missing"}

// shown is one answer of one policy to one change.
type shown struct {
	policy, answer, sentence string
	judge                    policies.Policy
	facts                    func(*policies.Facts)
}

// never says which answers a policy does not have, and why. What its page says of it must not say otherwise.
var never = map[string]string{
	"trust deny":         "a root that ran out is renewed",
	"trust missing":      "without the trust in force nothing is judged at all",
	"content hold":       "only other content helps",
	"content missing":    "a tree that cannot be read ends the pass",
	"retirement deny":    "a record can be admitted any time",
	"suspension deny":    "it ends by itself",
	"suspension missing": "without the ledger nothing is judged at all",
	"approvals deny":     "somebody may still approve by signature",
	"soak deny":          "time passes",
	"freeze deny":        "it ends by itself",
	"window deny":        "it opens by itself",
	"guardrails deny":    "the setting can be mended",
	"pipeline deny":      "a job can run again",
	"health deny":        "programs may still read it",
	"limits deny":        "approvals, or another limit, let it in",
	"critical deny":      "somebody may confirm it",
	"breaker deny":       "somebody may confirm it, or it recovers",
	"secrets hold":       "a secret stays one",
}

// TestVerdictTrees prints what every policy says in each of its ways, as people read it. -update records it.
func TestVerdictTrees(t *testing.T) {
	pages := map[string]string{}
	for _, s := range slices.Concat(fixedTrees(), peopleTrees(t), forgeTrees(t), contentTrees(t), composedTrees(t)) {
		f := promotion()
		if s.facts != nil {
			s.facts(&f)
		}
		v := s.judge.Evaluate(f)
		if want := s.answer; v.Outcome.String() != want && (want != "missing" || v.Outcome == schema.Allow) {
			t.Errorf("%s, %s: got %s, want %s", s.policy, s.sentence, v.Outcome, want)
		}
		pages[s.policy] += fmt.Sprintf("# %s: %s\n%s\n", s.answer, s.sentence, strings.Join(drawn(v, "", ""), "\n"))
	}
	for policy, page := range pages {
		golden(t, policy, page)
	}
	complete(t, pages)
}

// complete holds the trees to the pages of the policies: each answer of each policy, and each code that its page lists.
func complete(t *testing.T, pages map[string]string) {
	cells, unused := 0, maps.Clone(never)
	for _, policy := range policies.Catalogued() {
		if policy == "control" {
			continue // it judges other facts: TestControl
		}
		for _, answer := range answers {
			has := strings.Contains(pages[policy], "# "+answer+": ")
			why, no := never[policy+" "+answer]
			delete(unused, policy+" "+answer)
			switch {
			case has == no:
				t.Errorf("%s, %s: a tree: %t, %q", policy, answer, has, why)
			case no && strings.Contains(policies.Catalogue(policy), "| "+answer+" `"):
				t.Errorf("%s never says %s, and its page says when", policy, answer)
			case has:
				cells++
			}
		}
		for _, code := range saysOf(policy) {
			if !slices.ContainsFunc(policies.Catalogued(), func(other string) bool { // any, at_least and all share a page
				return policies.Catalogue(other) == policies.Catalogue(policy) && strings.Contains(pages[other], "["+code+"]")
			}) {
				t.Errorf("%s: its page lists %s, and no tree has it", policy, code)
			}
		}
	}
	if len(unused) > 0 {
		t.Errorf("no policies: %v", unused)
	}
	t.Logf("%d answers of %d policies are shown, %d there are not", cells, len(policies.Catalogued())-1, len(never))
}

var listed = regexp.MustCompile("`([a-z-]+)`")

// saysOf are the codes in the first column of what a policy's page says.
func saysOf(policy string) []string {
	var out []string
	for line := range strings.Lines(policies.Catalogue(policy)) {
		cell, _, row := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if !row || !strings.HasPrefix(line, "| ") {
			continue
		}
		for _, m := range listed.FindAllStringSubmatch(cell, -1) {
			if _, known := schema.Explain(schema.Code(m[1])); known {
				out = append(out, m[1])
			}
		}
	}
	return out
}

// drawn are the lines of a tree.
func drawn(v schema.Verdict, own, below string) []string {
	line := own + v.Policy + " " + v.Outcome.String()
	switch {
	case v.Code != "":
		line += " [" + string(v.Code) + "] " + v.Code.Message(v.Args)
	case len(v.Args) > 0:
		for _, name := range slices.Sorted(maps.Keys(v.Args)) {
			line += fmt.Sprintf(" %s=%q", name, v.Args[name])
		}
	}
	if v.Earliest != nil {
		line += "; earliest " + v.Earliest.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	out := []string{line}
	for i, part := range v.Parts {
		if i == len(v.Parts)-1 {
			out = append(out, drawn(part, below+"└ ", below+"  ")...)
		} else {
			out = append(out, drawn(part, below+"├ ", below+"│ ")...)
		}
	}
	return out
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "trees", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
