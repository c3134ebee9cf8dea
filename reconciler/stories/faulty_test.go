package stories_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// faulty is a target that can be made to fail, and that counts its writes.
type faulty struct {
	integrations.Target
	name, dir string
	endpoint  string // of an etcd; empty: it is a directory
	fail      error
	refuses   error           // what is written, not what is read
	refused   *schema.Refusal // what is said of it besides
	silent    bool            // it fails because nobody answers
	hang      chan struct{}   // until it is closed no read is answered
	deaf      chan struct{}   // until it is closed no question for the checkpoint is
	asked     atomic.Int64    // to read a cell
	writes    atomic.Int64
	strangers []string     // keys beside ours that the target takes for somebody else's
	looks     atomic.Int64 // at the checkpoint that it keeps
	keeps     atomic.Int64 // of a checkpoint
	reports   func(schema.Cell) []schema.Consumer
	crash     string // "before" or "after" the next write: panic there
}

var errCrash = errors.New("the process is gone")

func (f *faulty) Read(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	f.asked.Add(1)
	if f.hang != nil {
		<-f.hang
	}
	if f.fail != nil {
		return integrations.Observation{}, &integrations.Error{Target: f.name, Class: f.fail, Silent: f.silent}
	}
	found, err := f.Target.Read(ctx, want)
	found.Foreign = append(found.Foreign, f.strangers...)
	return found, err
}

// Fits implements [integrations.Fitter] as the target below does.
func (f *faulty) Fits(want integrations.Release) schema.Verdict {
	return f.Target.(integrations.Fitter).Fits(want)
}

func (f *faulty) Write(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	if f.fail != nil {
		return integrations.Observation{}, &integrations.Error{Target: f.name, Class: f.fail, Silent: f.silent}
	}
	if f.refuses != nil {
		return integrations.Observation{}, &integrations.Error{Target: f.name, Class: f.refuses, Refused: f.refused}
	}
	if f.crash == "before" {
		f.crash = ""
		panic(errCrash)
	}
	seen, err := f.Target.Write(ctx, want)
	if seen.Wrote {
		f.writes.Add(1)
	}
	if f.crash == "after" {
		f.crash = ""
		panic(errCrash)
	}
	return seen, err
}

// flaky is the mirror with a network that can be away.
type flaky struct {
	gitrepo.Mirror
	w *world
}

func (f *flaky) Fetch(ctx context.Context) (map[string]schema.Hash, error) {
	if f.w.gitDown {
		return nil, gitrepo.ErrUnreachable
	}
	return f.Mirror.Fetch(ctx)
}

func (f *flaky) Push(ctx context.Context, ref string, old, new schema.Hash, objects []schema.Object) error {
	if f.w.gitDown || f.w.readOnly {
		return gitrepo.ErrUnreachable
	}
	if f.w.onePush { // written only where a story asks for it: two reconcilers may push at once
		f.w.readOnly, f.w.onePush = true, false
	}
	err := f.Mirror.Push(ctx, ref, old, new, objects)
	if f.w.pushed != nil {
		f.w.pushed()
	}
	if err == nil && f.w.loseAnswer {
		f.w.loseAnswer = false
		return schema.ErrUnknownOutcome
	}
	return err
}

// liveFiles tells the revision that lies in a directory, and of files of a story's own making their names.
func liveFiles(current string) string {
	var told []string
	w := os.DirFS(current)
	_ = fs.WalkDir(w, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(w, path)
		text := strings.TrimSpace(string(data))
		switch {
		case path == "app.yaml":
			told = append([]string{strings.TrimPrefix(text, "revision: ")}, told...)
		case path == "limits.yaml":
			told = append(told, strings.TrimPrefix(text, "limit: "))
		case path == "local.yaml":
			told = append(told, strings.TrimPrefix(text, "local: "))
		case strings.HasSuffix(path, "/app.yaml"):
			told = append(told, strings.TrimSuffix(path, "/app.yaml")+":"+strings.TrimPrefix(text, "revision: "))
		}
		return err
	})
	return strings.Join(told, "+")
}
