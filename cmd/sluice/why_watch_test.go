package main

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// telling is a writer that tells of every answer.
type telling struct {
	bytes.Buffer
	told func()
}

func (h *telling) Write(p []byte) (int, error) { h.told(); return h.Buffer.Write(p) }

func TestWatchEndsWithTheLastAnswer(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", dir}} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	in := func(state schema.CellState) schema.CellView {
		c := schema.CellView{Cell: schema.Cell{Stage: "gray", App: "pay"}, State: state, Revision: "sha256:1", Seq: 1, Since: at, LiveAt: at}
		if state == schema.Held || state == schema.Denied {
			c.Held = &schema.HeldView{Since: at, Verdict: schema.Verdict{Policy: "gate", Code: "soak", Outcome: schema.Hold}}
		}
		return c
	}
	for _, r := range []struct {
		sentence  string
		states    []schema.CellState
		interrupt bool
		want      int
		says      []string
	}{
		{"all is as intended", []schema.CellState{schema.Live}, false, exitDone, []string{"pay in gray: live"}},
		{"only another change helps", []schema.CellState{schema.Denied}, false, exitNo, []string{"pay in gray: denied"}},
		{"it comes about", []schema.CellState{schema.Admitted, schema.Live}, false, exitDone, []string{"pay in gray: admitted", "pay in gray: live"}},
		{"nobody waits any longer", []schema.CellState{schema.Held}, true, exitNo, []string{"pay in gray: held"}},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out := &telling{told: func() {
				if r.interrupt {
					cancel()
				}
			}}
			looks := 0
			look := func() (schema.View, status.TextOptions, error) {
				state := r.states[min(looks, len(r.states)-1)]
				looks++
				view := schema.View{At: at.Add(time.Duration(looks) * time.Second), Stages: []schema.StageName{"gray"}, Apps: []schema.AppView{{App: "pay", Cells: []schema.CellView{in(state)}}}}
				return view, status.TextOptions{Now: view.At}, nil
			}
			a := &app{out: out, errs: &bytes.Buffer{}, dir: dir}
			err := a.watchWhy(ctx, watchFlags{every: time.Hour, remote: "origin"}, []string{"pay"}, look)
			var quiet answer
			if err != nil && !errors.As(err, &quiet) || quiet.code != r.want {
				t.Errorf("ends with %v, want code %d", err, r.want)
			}
			if n := strings.Count("\n"+out.String(), "\npay in gray: "); n != len(r.says) {
				t.Errorf("%d answers, want %d:\n%s", n, len(r.says), out)
			}
			for _, want := range r.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
		})
	}
}
