package agent

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// text is what several writers add to, and a test waits for.
type text struct {
	mu    sync.Mutex
	all   bytes.Buffer
	added chan struct{}
}

func newText() *text { return &text{added: make(chan struct{}, 1)} }

func (w *text) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.added <- struct{}{}:
	default:
	}
	return w.all.Write(p)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// await waits until the text has all of it; what does not come at all must not hold up the run.
func (w *text) await(t *testing.T, want string) {
	t.Helper()
	never := time.After(2 * time.Minute)
	for !strings.Contains(w.String(), want) {
		select {
		case <-w.added:
		case <-never:
			t.Fatalf("got %q, want %q", w, want)
		}
	}
}

func sh(script string) *Command { return &Command{Argv: []string{"sh", "-c", script}} }

func yaml(port int) map[string]any { return map[string]any{"app.yaml": map[string]any{"port": port}} }

// world is an agent beside a source.
type world struct {
	source    *providertest.Source
	opts      Options
	log, errs *text
	out       *text
	signals   chan os.Signal
}

func newWorld(t *testing.T) *world {
	w := &world{source: providertest.New(yaml(1)), log: newText(), errs: newText(), out: newText(), signals: make(chan os.Signal, 1)}
	w.opts = Options{
		Provider: w.source.Options(), Output: &Output{Dir: filepath.Join(t.TempDir(), "config")},
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Out: w.out, Errs: w.errs, Signals: w.signals,
	}
	w.opts.Provider.Patience = time.Minute
	w.opts.Provider.Identity.Instance, w.opts.Provider.Log = "pay-0", w.opts.Log
	return w
}

// disconnect leaves a start no patience, so that no test waits for it.
func (w *world) disconnect() { w.source.Disconnect(); w.opts.Provider.Patience = time.Millisecond }

func (w *world) reconnect() { w.source.Reconnect(); w.opts.Provider.Patience = time.Minute }

func (w *world) port(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.opts.Output.Dir, "app.yaml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

// run runs the agent until the test calls the function that it returns.
func (w *world) run(t *testing.T) (end func() (int, error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	type result struct {
		code int
		err  error
	}
	done := make(chan result, 1)
	go func() {
		code, err := Run(ctx, w.opts)
		done <- result{code, err}
	}()
	return func() (int, error) {
		cancel()
		r := <-done
		return r.code, r.err
	}
}

// TestACheckChangesNothing: what it was asked about goes live, or nothing does.
func TestACheckChangesNothing(t *testing.T) {
	for _, row := range []struct {
		sentence, check string
		err             error
		errText, port   string
	}{
		{"it reads", `cat "$SLUICE_DIR/app.yaml"`, nil, "", `{"port":1}`},
		{"it removes a file", `rm "$SLUICE_DIR/app.yaml"`, provider.ErrRejected, "check: it changed or removed app.yaml", ""},
		{"it writes one", `echo '{"port":2}' >"$SLUICE_DIR/app.yaml"`, provider.ErrRejected, "check: it changed or removed app.yaml", ""},
		{"it lets others read one", `chmod 644 "$SLUICE_DIR/app.yaml"`, provider.ErrRejected, "check: it changed or removed app.yaml", ""},
		{"it puts a link in its place", `cd "$SLUICE_DIR"; mv app.yaml x; ln -s x app.yaml`, provider.ErrRejected, "check: it changed or removed app.yaml", ""},
		{"it removes all", `rm -r "$SLUICE_DIR"`, provider.ErrRejected, "no such file", ""},
		{"it leaves files beside", `cd "$SLUICE_DIR"; mkdir made; touch made/a; ln -s made/a b`, nil, "", `{"port":1}`},
	} {
		w := newWorld(t)
		w.opts.Check = sh(row.check)
		err := Once(t.Context(), w.opts)
		if !errors.Is(err, row.err) || err != nil && !strings.Contains(err.Error(), row.errText) {
			t.Errorf("%s: got %v, want %v: %s", row.sentence, err, row.err, row.errText)
		}
		if got := w.port(t); got != row.port {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.port)
		}
		if beside, _ := filepath.Glob(filepath.Join(w.opts.Output.Dir, dataLink, "b")); beside != nil {
			t.Errorf("%s: %q went live", row.sentence, beside)
		}
	}
}

func TestOnce(t *testing.T) {
	refuse := func(w *world) { w.opts.Check = sh(`cat "$SLUICE_DIR/app.yaml" >&2; exit 3`) }
	for _, row := range []struct {
		sentence string
		before   func(w *world)
		err      error
		errText  string
		port     string
	}{
		{"the files are there", func(*world) {}, nil, "", `{"port":1}`},
		{"the check likes them", func(w *world) { w.opts.Check = sh(`grep -q 1 "$SLUICE_DIR/app.yaml"`) }, nil, "", `{"port":1}`},
		{"the check gets them without a shell", func(w *world) { w.opts.Check = &Command{Argv: []string{"test", "-f", "{dir}/app.yaml"}} }, nil, "", `{"port":1}`},
		{"a shell among its words gets them too", func(w *world) {
			w.opts.Check = &Command{Argv: []string{"sh", "-c", `test -f "$1"`, "check", "{dir}/app.yaml"}}
		}, nil, "", `{"port":1}`},
		{"the check refuses", refuse, provider.ErrRejected, "check: sh: exit status 3", ""},
		{"there is no such check", func(w *world) { w.opts.Check = &Command{Argv: []string{"no-such-program"}} }, provider.ErrRejected, "no-such-program", ""},
		{"the check does not end", func(w *world) { w.opts.Check = sh(`sleep 60`); w.opts.Check.Timeout = time.Millisecond }, provider.ErrRejected, "not done after 1ms", ""},
		{"the reload fails", func(w *world) { w.opts.Reload = sh(`exit 4`) }, nil, "reload: sh: exit status 4", `{"port":1}`},
		{"the source is down", func(w *world) { w.disconnect() }, provider.ErrUnavailable, "unavailable", ""},
		{"somebody else signed it", func(w *world) {
			w.source.Put(providertest.NewSigner("somebody").Release(2, yaml(2)))
		}, provider.ErrRefused, "is not pinned", ""},
		{"a process without an id", func(w *world) {
			w.opts.Signal = &PidSignal{syscall.SIGHUP, filepath.Join(w.opts.Output.Dir, "app.yaml")}
		}, nil, "no process id", `{"port":1}`},
	} {
		w := newWorld(t)
		row.before(w)
		err := Once(t.Context(), w.opts)
		if row.errText == "" && err != nil || row.errText != "" && (err == nil || !strings.Contains(err.Error(), row.errText)) || row.err != nil && !errors.Is(err, row.err) {
			t.Errorf("%s: got %v, want %v with %q", row.sentence, err, row.err, row.errText)
		}
		if got := w.port(t); got != row.port {
			t.Errorf("%s: the file has %q, want %q", row.sentence, got, row.port)
		}
		if strings.Contains(w.log.String(), `{"port`) {
			t.Errorf("%s: the log has content: %s", row.sentence, w.log)
		}
	}
}

// TestARefusedReleaseLeavesTheFormerFiles: also for the next start, which has the cache, and says so by how it ends.
func TestARefusedReleaseLeavesTheFormerFiles(t *testing.T) {
	w := newWorld(t)
	w.opts.Provider.Cache, w.opts.Provider.Start = provider.DirCache(t.TempDir()), provider.AllowStale(time.Hour)
	w.opts.Check = sh(`! grep -q 2 "$SLUICE_DIR/app.yaml"`)
	reloads := filepath.Join(t.TempDir(), "reloads")
	w.opts.Reload = sh(`echo reloaded $SLUICE_SEQ >> ` + reloads)
	told := func() string {
		data, _ := os.ReadFile(reloads)
		return string(data)
	}
	for _, row := range []struct {
		sentence string
		before   func()
		refused  bool
		port     string
		told     string
	}{
		{"the first", func() {}, false, `{"port":1}`, "reloaded 1\n"},
		{"the same again", func() {}, false, `{"port":1}`, "reloaded 1\n"},
		{"one that the check refuses", func() { w.source.Set(yaml(2)) }, true, `{"port":1}`, "reloaded 1\n"},
		{"the source is down", func() { w.disconnect() }, false, `{"port":1}`, "reloaded 1\n"},
		{"the next that it likes", func() { w.reconnect(); w.source.Set(yaml(3)) }, false, `{"port":3}`, "reloaded 1\nreloaded 3\n"},
	} {
		row.before()
		err := Once(t.Context(), w.opts)
		if errors.Is(err, provider.ErrRejected) != row.refused || !row.refused && err != nil {
			t.Errorf("%s: got %v", row.sentence, err)
		}
		if got := w.port(t); got != row.port || told() != row.told {
			t.Errorf("%s: the file has %q, programs were told %q", row.sentence, got, told())
		}
		if n := releases(t, w.opts.Output.Dir); n > 2 {
			t.Errorf("%s: %d releases lie there", row.sentence, n)
		}
	}
}

func TestRunKeepsTheFilesNew(t *testing.T) {
	w := newWorld(t)
	told := newText()
	w.opts.Check = sh(`! grep -q 2 "$SLUICE_DIR/app.yaml"`)
	w.opts.Reload = sh(`echo reloaded $SLUICE_SEQ; cat "$SLUICE_DIR/app.yaml"; test $SLUICE_SEQ != 3`)
	w.opts.Errs, w.opts.Retry = told, time.Millisecond
	end := w.run(t)
	told.await(t, "reloaded 1\n{\"port\":1}")
	w.source.Set(yaml(2))
	w.log.await(t, "refused a release")
	if got := w.port(t); got != `{"port":1}` {
		t.Errorf("after a refused release the file has %q", got)
	}
	w.source.Set(yaml(3))
	told.await(t, "reloaded 3\n{\"port\":3}reloaded 3\n") // it fails, and is tried again
	w.source.Set(yaml(4))
	told.await(t, "reloaded 4\n{\"port\":4}")
	w.source.Disconnect()
	if code, err := end(); code != 0 || err != nil {
		t.Errorf("ended with %d, %v", code, err)
	}
	if got := w.port(t); got != `{"port":4}` {
		t.Errorf("the file has %q", got)
	}
}

// TestWhatSomebodyChangedIsPutBack: while the agent runs, with one line in the log, and programs are told.
func TestWhatSomebodyChangedIsPutBack(t *testing.T) {
	for _, row := range []struct {
		sentence string
		edit     func(dir string) error
	}{
		{"another mode", func(dir string) error { return os.Chmod(dir+"/app.yaml", 0o644) }},
		{"another file in its place", func(dir string) error {
			if err := os.WriteFile(dir+"/app.yaml~", []byte("x"), 0o600); err != nil {
				return err
			}
			return os.Rename(dir+"/app.yaml~", dir+"/app.yaml")
		}},
		{"no file", func(dir string) error { return os.Remove(dir + "/..data/app.yaml") }},
		{"no name", func(dir string) error { return os.Remove(dir + "/app.yaml") }},
		{"no directory", func(dir string) error { return os.Rename(dir, dir+".away") }},
	} {
		w := newWorld(t)
		told := newText()
		w.opts.Errs, w.opts.Provider.Refresh = told, time.Millisecond
		w.opts.Reload = sh(`echo "reloaded $SLUICE_SEQ"; cat "$SLUICE_DIR/app.yaml"`)
		end := w.run(t)
		told.await(t, "reloaded 1\n{\"port\":1}")
		if err := row.edit(w.opts.Output.Dir); err != nil {
			t.Fatal(err)
		}
		told.await(t, "{\"port\":1}reloaded 1\n{\"port\":1}")
		if code, err := end(); code != 0 || err != nil {
			t.Errorf("%s: ended with %d, %v", row.sentence, code, err)
		}
		if got := w.port(t); got != `{"port":1}` || strings.Count(w.log.String(), "put back files that somebody changed") != 1 {
			t.Errorf("%s: the file has %q, the log says %s", row.sentence, got, w.log)
		}
	}
}

// TestARunningAgentHoldsItsDirectory: also between two releases.
func TestARunningAgentHoldsItsDirectory(t *testing.T) {
	w := newWorld(t)
	told := newText()
	w.opts.Errs, w.opts.Reload = told, sh(`echo "reloaded $SLUICE_SEQ"`)
	end := w.run(t)
	told.await(t, "reloaded 1")
	if err := Once(t.Context(), w.opts); !errors.Is(err, ErrDirectory) || !strings.Contains(err.Error(), "another agent writes there now") {
		t.Errorf("got %v", err)
	}
	if _, err := end(); err != nil {
		t.Error(err)
	}
}

// TestAnOlderReleaseIsNotTaken: what is in the directory counts, also without a cache.
func TestAnOlderReleaseIsNotTaken(t *testing.T) {
	w := newWorld(t)
	for _, step := range []struct {
		seq  int64
		port int
		want error
	}{{21, 21, nil}, {12, 12, provider.ErrBackwards}, {22, 22, nil}} {
		was := w.port(t)
		w.source.Put(providertest.SourceSigner().Release(step.seq, yaml(step.port)))
		err := Once(t.Context(), w.opts)
		if !errors.Is(err, step.want) || errors.Is(err, provider.ErrRejected) {
			t.Errorf("entry %d: got %v, want %v", step.seq, err, step.want)
		}
		if now := w.port(t); (now == was) != (step.want != nil) {
			t.Errorf("entry %d: the file had %q, has %q", step.seq, was, now)
		}
	}
}

// TestARefusedReleaseIsReported: the reconciler hears which instance does not take what.
func TestARefusedReleaseIsReported(t *testing.T) {
	w := newWorld(t)
	w.opts.Check = sh(`! grep -q 2 "$SLUICE_DIR/app.yaml"`)
	reports := make(chan provider.Report, 10)
	w.opts.Provider.Source = reporting{w.source, reports}
	end := w.run(t)
	if r := <-reports; r.Seq != 1 || r.Why != "" {
		t.Errorf("got %+v", r)
	}
	w.source.Set(yaml(2))
	if r := <-reports; r.Seq != 1 || r.Refused != 2 || r.Why != "rejected" {
		t.Errorf("got %+v", r)
	}
	if _, err := end(); err != nil {
		t.Error(err)
	}
}

type reporting struct {
	*providertest.Source
	reports chan provider.Report
}

func (s reporting) Report(_ context.Context, r provider.Report) error {
	s.reports <- r
	return nil
}

// TestPublish tells a server of every release that is taken, and of no other.
func TestPublish(t *testing.T) {
	w := newWorld(t)
	w.opts.Check = sh(`! grep -q 2 "$SLUICE_DIR/app.yaml"`)
	published := make(chan int64, 10)
	w.opts.Publish = func(s *provider.Snapshot) { published <- s.Seq() }
	end := w.run(t)
	if seq := <-published; seq != 1 {
		t.Errorf("got %d", seq)
	}
	w.source.Set(yaml(2))
	w.log.await(t, "refused a release")
	w.source.Set(yaml(3))
	if seq := <-published; seq != 3 {
		t.Errorf("got %d", seq)
	}
	if _, err := end(); err != nil {
		t.Error(err)
	}
}
