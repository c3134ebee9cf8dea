package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestCheckClassifiesAsTheReconcilerDoes: by the ledger, in both layouts, the same change is what a pass then makes of it.
func TestCheckClassifiesAsTheReconcilerDoes(t *testing.T) {
	for layout, sluiceYAML := range map[string]string{
		"a directory per stage": fmt.Sprintf(sixLines, "directory"),
		"a branch per stage":    strings.ReplaceAll(branchLines, "etcd", "directory"),
	} {
		t.Run(layout, func(t *testing.T) {
			t.Parallel()
			p := sealedProject(t, sluiceYAML)
			operator, err := p.operatorFile("state", "directory: {kind: file, directory: "+t.TempDir()+"}")
			if err != nil {
				t.Fatal(err)
			}
			once(t, operator, exitDone)
			for _, row := range []struct {
				stage string
				limit int
				kind  schema.Kind
				code  schema.Code // of provenance
				exit  int         // of check
				brung bool        // it is merged, and what a pass makes of it is compared
			}{
				{"development", 5000, schema.Edit, "", exitDone, true},
				{"testing", 6000, schema.Override, "override", exitNo, false},
				{"testing", 5000, schema.Promote, "", exitDone, true},
				{"development", 7000, schema.Edit, "", exitDone, true},
				{"production", 5000, schema.Override, "override", exitNo, false},
				{"development", 5000, schema.Rollback, "", exitDone, false},
			} {
				p.checkOne(t, row.stage, row.limit, row.kind, row.code, row.exit)
				if !row.brung {
					continue
				}
				if _, err := p.bring(t.Context(), row.stage, "to "+row.stage, limit(row.limit)); err != nil {
					t.Fatal(err)
				}
				once(t, operator, exitDone)
				if got := p.lastKind(t); got != row.kind {
					t.Errorf("%s %d: check says %s, the reconciler made it %s", row.stage, row.limit, row.kind, got)
				}
			}
		})
	}
}

// checkOne proposes a value in a stage, in a clone, and looks at what check says of it.
func (p *project) checkOne(t *testing.T, stage string, value int, kind schema.Kind, code schema.Code, exit int) {
	t.Helper()
	ann := p.team.Person("ann")
	branch, dir := p.place(stage)
	git := func(args ...string) {
		t.Helper()
		if _, err := ann.Git(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := ann.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	git("checkout", "-q", "-f", "-B", "proposed", "origin/"+branch)
	file := filepath.Join(ann.Dir(), filepath.FromSlash(dir), "app.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(limit(value)[0].Files["app.yaml"]), 0o644); err != nil {
		t.Fatal(err)
	}
	git("add", "-A")
	git("commit", "-q", "-S", "-m", "proposed")
	environ := func(name string) string {
		return map[string]string{"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": branch, "CI_DEFAULT_BRANCH": "main", "SLUICE_ANCHOR": string(p.team.Anchor())}[name]
	}
	ends, out, errs := call(t.Context(), environ, "-C", ann.Dir(), "-o", "json", "check")
	var got checked
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%s %d: %v\n%s%s", stage, value, err, out, errs)
	}
	if ends != exit || len(got.Cells) != 1 || got.Cells[0].Kind != kind || string(got.Cells[0].Stage) != stage || got.Cells[0].Hint {
		t.Errorf("%s %d: exit %d with %+v, want %d with %s", stage, value, ends, got.Cells, exit, kind)
		return
	}
	n := slices.IndexFunc(got.Cells[0].Answers, func(a checkedAnswer) bool { return a.Policy == "provenance" })
	if n < 0 || got.Cells[0].Answers[n].Code != code {
		t.Errorf("%s %d: provenance is %+v, want code %q", stage, value, got.Cells[0].Answers, code)
	}
}

// lastKind is the kind of the newest change that the ledger let in.
func (p *project) lastKind(t *testing.T) schema.Kind {
	t.Helper()
	ann := p.team.Person("ann")
	if err := ann.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	code, out, errs := call(t.Context(), func(name string) string {
		return map[string]string{"SLUICE_ANCHOR": string(p.team.Anchor())}[name]
	}, "-C", ann.Dir(), "audit", "export")
	if code != exitDone {
		t.Fatalf("audit export: exit %d\n%s", code, errs)
	}
	var kind schema.Kind
	for line := range strings.Lines(out) {
		var e struct {
			Decision *struct {
				Change struct{ Kind schema.Kind }
			}
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Decision != nil {
			kind = e.Decision.Change.Kind
		}
	}
	return kind
}
