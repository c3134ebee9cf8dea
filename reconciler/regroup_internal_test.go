package reconciler

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func manifest(t *testing.T, paths ...string) schema.Manifest {
	t.Helper()
	var files []schema.File
	for _, p := range paths {
		files = append(files, schema.File{Path: p, Mode: schema.Regular, Digest: schema.DigestOf([]byte(p))})
	}
	m, err := schema.NewManifest(files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRegroupFiles(t *testing.T) {
	patterns := func(p ...string) schema.AppsRule { return schema.AppsRule{Patterns: p} }
	for _, row := range []struct {
		sentence string
		before   map[schema.App][]string
		rule     schema.AppsRule
		after    map[schema.App][]string
		stray    []string
	}{
		{"two apps become one", map[schema.App][]string{"pay/api": {"a.yaml"}, "pay/ledger": {"a.yaml", "b/c.yaml"}}, schema.AppsRule{Depth: 1},
			map[schema.App][]string{"pay": {"api/a.yaml", "ledger/a.yaml", "ledger/b/c.yaml"}}, nil},
		{"one app becomes two", map[schema.App][]string{"pay": {"api/a.yaml", "ledger/a.yaml"}}, schema.AppsRule{Depth: 2},
			map[schema.App][]string{"pay/api": {"a.yaml"}, "pay/ledger": {"a.yaml"}}, nil},
		{"one becomes two, and a file lies above them", map[schema.App][]string{"pay": {"api/a.yaml", "all.yaml"}}, schema.AppsRule{Depth: 2},
			map[schema.App][]string{"pay/api": {"a.yaml"}}, []string{"pay/all.yaml"}},
		{"the rule is said in other words", map[schema.App][]string{"pay/api": {"a.yaml"}}, patterns("pay/*"),
			map[schema.App][]string{"pay/api": {"a.yaml"}}, nil},
		{"a rule that an app does not match", map[schema.App][]string{"pay": {"a.yaml"}, "shop": {"a.yaml"}}, patterns("pay"),
			map[schema.App][]string{"pay": {"a.yaml"}}, []string{"shop/a.yaml"}},
		{"an app that was removed", map[schema.App][]string{"pay/api": nil}, schema.AppsRule{Depth: 1}, map[schema.App][]string{}, nil},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			before := map[schema.App]schema.Manifest{}
			for app, paths := range row.before {
				before[app] = manifest(t, paths...)
			}
			after, stray, err := regroupFiles(before, row.rule)
			if err != nil {
				t.Fatal(err)
			}
			got := map[schema.App][]string{}
			for app, m := range after {
				for _, f := range m {
					got[app] = append(got[app], f.Path)
				}
			}
			if d := cmp.Diff(row.after, got); d != "" {
				t.Errorf("apps (-want +got):\n%s", d)
			}
			if !slices.Equal(stray, row.stray) {
				t.Errorf("stray %v, want %v", stray, row.stray)
			}
		})
	}
}

// TestRegroupedBytesAreTheAdmittedOnes: whatever the rule, no file is added, lost or changed.
func TestRegroupedBytesAreTheAdmittedOnes(t *testing.T) {
	before := map[schema.App]schema.Manifest{"pay/api": manifest(t, "a.yaml"), "pay/ledger": manifest(t, "b.yaml")}
	after, stray, err := regroupFiles(before, schema.AppsRule{Depth: 1})
	if err != nil || len(stray) > 0 {
		t.Fatal(err, stray)
	}
	again, stray, err := regroupFiles(after, schema.AppsRule{Depth: 2})
	if err != nil || len(stray) > 0 {
		t.Fatal(err, stray)
	}
	if d := cmp.Diff(before, again); d != "" {
		t.Errorf("there and back (-want +got):\n%s", d)
	}
}

func TestLedOnce(t *testing.T) {
	project := func(edges ...schema.Edge) schema.Project { return schema.Project{Edges: edges} }
	gray, pre := schema.Edge{From: "gray", To: "production"}, schema.Edge{From: "pre", To: "production"}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	live := ledger.Admission{Seq: 20, Revision: "r2", LiveAt: now.Add(-time.Hour)}
	for _, row := range []struct {
		sentence string
		gray     ledger.Admission
		former   []formerProject
		since    int64
	}{
		{"a way that was taken out", live, []formerProject{{seq: 91, project: project(pre)}, {seq: 1, project: project(gray)}}, 91},
		{"taken out before the last change of the rules", live, []formerProject{{seq: 95, project: project(pre)}, {seq: 91, project: project(pre)}, {seq: 1, project: project(gray)}}, 91},
		{"taken out, put back and taken out", live, []formerProject{{seq: 95, project: project(pre)}, {seq: 91, project: project(gray)}, {seq: 80, project: project(pre)}, {seq: 1, project: project(gray)}}, 95},
		{"a way that never was", live, []formerProject{{seq: 91, project: project(pre)}, {seq: 1, project: project(pre)}}, 0},
		{"a way that is", live, []formerProject{{seq: 91, project: project(gray, pre)}, {seq: 1, project: project(gray)}}, 0},
		{"not live where the way was", ledger.Admission{Seq: 20, Revision: "r2"}, []formerProject{{seq: 91, project: project(pre)}, {seq: 1, project: project(gray)}}, 0},
		{"rolled back where the way was", ledger.Admission{Seq: 20, Revision: "r2", LiveAt: now, Flags: []ledger.Flag{ledger.Withdrawn}}, []formerProject{{seq: 91, project: project(pre)}, {seq: 1, project: project(gray)}}, 0},
		{"the rules never changed", live, []formerProject{{seq: 1, project: project(pre)}}, 0},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			h := history{
				project: row.former[0].project, cell: schema.Cell{Stage: "production", App: "a"}, now: now,
				others: map[schema.StageName]ledger.State{"gray": {Revisions: []ledger.Admission{row.gray}}},
			}
			source, since := h.ledOnce("r2", row.former)
			if since != row.since || (source != nil) != (since > 0) {
				t.Errorf("since #%d, source %v, want #%d", since, source, row.since)
			}
		})
	}
}

func TestOnlyWhatTheRulesHaveIsACell(t *testing.T) {
	project := schema.Project{Apps: schema.AppsRule{Depth: 2}, Stages: []schema.Stage{{Name: "gray"}}}
	for name, want := range map[schema.Cell]bool{
		{Stage: "gray", App: "pay/api"}:       true,
		{Stage: "gray", App: "pay"}:           false,
		{Stage: "production", App: "pay/api"}: false,
	} {
		if got := hasCell(project, ledger.State{Stage: name.Stage, App: name.App}); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestRecordedAs(t *testing.T) {
	recorded := ledger.State{Revisions: []ledger.Admission{{Revision: "old-1"}, {Revision: "old-2"}, {Revision: "new"}, {Revision: "old-1"}, {Revision: "other"}}}
	now := ledger.State{Revisions: []ledger.Admission{{Revision: "new"}, {Revision: "new"}, {Revision: "new"}, {Revision: "new"}, {Revision: "other"}}}
	if got := recordedAs(recorded, now, "new"); !slices.Equal(got, []schema.Revision{"old-1", "old-2", "new"}) {
		t.Errorf("got %v", got)
	}
	if got := recordedAs(recorded, now, "old-1"); len(got) != 0 {
		t.Errorf("got %v for a name that nothing has any more", got)
	}
}

func TestUniqueCells(t *testing.T) {
	a, b := schema.Cell{Stage: "gray", App: "a"}, schema.Cell{Stage: "gray", App: "b"}
	if got := uniqueCells([]schema.Cell{b, a, b}); !slices.Equal(got, []schema.Cell{a, b}) {
		t.Errorf("got %v", got)
	}
}
