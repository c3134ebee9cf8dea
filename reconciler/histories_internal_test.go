package reconciler

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// upTo draws a number below n, each as often: rapid's own prefer small ones, and then hardly anything gets far.
func upTo(n int) *rapid.Generator[int] {
	const bits = 10
	return rapid.Custom(func(t *rapid.T) int {
		v := 0
		for i := range bits {
			if rapid.Bool().Draw(t, "bit") {
				v |= 1 << i
			}
		}
		return v * n >> bits
	})
}

// drawHistory lets anything happen to a project: pushes of anything to anywhere, deliveries, failures, marks, and time. It ends at
// the first file that is where nothing led it.
func drawHistory(t *rapid.T, project schema.Project, kinds map[string]int) {
	w, err := newLadder(project)
	if err != nil {
		t.Fatal(err)
	}
	for range 40 + upTo(80).Draw(t, "steps") {
		w.now = w.now.Add(time.Duration([]int{1, 1, 5, 60, 90, 24 * 60, 80 * 60}[upTo(7).Draw(t, "minutes")]) * time.Minute)
		stage := project.Stages[upTo(len(project.Stages)).Draw(t, "stage")].Name
		w.step(t, stage)
		if len(w.twin.wrong) > 0 {
			t.Fatalf("%s\n%s", strings.Join(w.twin.wrong, "\n"), strings.Join(w.told, "\n"))
		}
	}
	for kind, n := range w.twin.kinds {
		kinds[kind] += n
	}
}

// step is weighed so that promotions get somewhere: what is pushed is mostly what some stage has, and mostly delivered.
func (w *ladder) step(t *rapid.T, stage schema.StageName) {
	rev := w.states[stage].Admitted.Revision
	switch what := upTo(100).Draw(t, "what"); {
	case what < 2: // time passes
	case what < 5:
		w.leave()
	case what < 35:
		w.carry(t, stage)
	case what < 60:
		w.judge(w.drawPush(t, stage))
		if upTo(10).Draw(t, "delivered") < 7 {
			w.deliver(stage, ledger.ResultOK)
		}
	case what < 75:
		w.deliver(stage, ledger.ResultOK)
	case what < 79:
		w.deliver(stage, ledger.ResultFailed)
	case what < 82:
		w.breakGlass(stage, w.drawContent(t, stage))
	case what < 88:
		w.archive()
	case rev == "":
	case what < 91:
		w.mark(stage, ledger.Taint, ledger.Reviewed, rev)
	case what < 93:
		w.mark(stage, ledger.Taint, "", rev)
	case what < 97:
		w.mark(stage, ledger.Taint, ledger.Acknowledged, rev)
	default:
		w.mark(stage, ledger.Suspend, "", "")
	}
}

// carry brings to a stage what one that leads there has now, with all that its gate asks, and to the first stage something new, or
// nothing: without it hardly anything gets far.
func (w *ladder) carry(t *rapid.T, stage schema.StageName) {
	if w.rules.project.Stages[0].Name == stage {
		to := content{"app.yaml": upTo(6).Draw(t, "app.yaml"), "limits.yaml": 1 + upTo(5).Draw(t, "limits.yaml")}
		if to["app.yaml"] == 0 {
			clear(to)
		}
		w.judge(pushed{stage: stage, to: to, approved: 2})
		w.deliver(stage, ledger.ResultOK)
	}
	for _, e := range w.rules.project.Edges {
		had, ok := w.files[e.From]
		if e.To != stage || !ok || upTo(4).Draw(t, "not from "+string(e.From)) == 0 {
			continue
		}
		to := maps.Clone(had)
		delete(to, "local.yaml")
		if local := w.files[stage]["local.yaml"]; local > 0 {
			to["local.yaml"] = local
		}
		w.deliver(e.From, ledger.ResultOK)
		w.now = w.now.Add(time.Minute)
		w.judge(pushed{stage: stage, to: to, approved: 2})
		w.deliver(stage, ledger.ResultOK)
		return
	}
}

// leave takes the app out of one stage after the other.
func (w *ladder) leave() {
	for _, stage := range w.rules.project.Stages {
		w.now = w.now.Add(time.Minute)
		w.judge(pushed{stage: stage.Name, to: content{}, approved: 2})
		w.deliver(stage.Name, ledger.ResultOK)
	}
}

func (w *ladder) drawPush(t *rapid.T, stage schema.StageName) pushed {
	return pushed{
		stage: stage, to: w.drawContent(t, stage), approved: []int{1, 2, 0}[upTo(3).Draw(t, "approved")],
		unsigned: upTo(10).Draw(t, "signed") == 9, direct: upTo(20).Draw(t, "requested") == 19, stale: upTo(10).Draw(t, "fresh") == 9,
	}
}

// drawContent is new, or what another stage has or had, or this one had, with a file of something else now and then, or nothing.
func (w *ladder) drawContent(t *rapid.T, stage schema.StageName) content {
	out, local := content{}, w.files[stage]["local.yaml"]
	switch how := upTo(100).Draw(t, "content"); {
	case how < 25:
		for _, path := range []string{"app.yaml", "limits.yaml"} {
			out[path] = 1 + upTo(5).Draw(t, path)
		}
	case how < 85:
		from := w.rules.project.Stages[upTo(len(w.rules.project.Stages)).Draw(t, "as in")].Name
		if had := w.twin.of[from]; len(had) > 0 {
			out = maps.Clone(had[len(had)-1-upTo(min(3, len(had))).Draw(t, "ago")].files)
		}
	case how < 92:
		out = maps.Clone(w.files[stage])
		local = upTo(4).Draw(t, "local")
	}
	if out == nil {
		out = content{}
	}
	if upTo(10).Draw(t, "mixed") == 9 {
		out["limits.yaml"] = 1 + upTo(5).Draw(t, "other")
	}
	delete(out, "local.yaml")
	if local > 0 {
		out["local.yaml"] = local
	}
	return out
}

// TestHistoriesKeepTheLadder plays random histories in projects with and without shortcuts.
func TestHistoriesKeepTheLadder(t *testing.T) {
	for sentence, text := range lifecycles {
		t.Run(sentence, func(t *testing.T) {
			project, kinds := loaded(t, text+histories), map[string]int{}
			rapid.Check(t, func(t *rapid.T) { drawHistory(t, project, kinds) })
			want := []string{"edit", "rollback", "tune", "break-glass"}
			if len(project.Stages) > 1 {
				want = append(want, "promote", "retire")
			}
			if project.Provenance == schema.ByFile {
				want = append(want, "promote of files")
			}
			if slices.ContainsFunc(project.Stages, func(s schema.Stage) bool { return s.Mode.Weak() }) {
				want = append(want, "by mode alone")
			}
			for _, kind := range want {
				if kinds[kind] == 0 {
					t.Errorf("no history has a %s: they show nothing of it", kind)
				}
			}
			t.Logf("admitted: %v", kinds)
		})
	}
}

// FuzzHistories lets the fuzzer write the histories.
func FuzzHistories(f *testing.F) {
	project, found := schema.LoadProject("sluice.yaml", []byte(lifecycles["a hotfix straight from development, and one from staging"]+histories))
	if err := found.Err(); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { drawHistory(t, project, map[string]int{}) }))
}
