package agent

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// TestAChild sends no SIGHUP: where the run is to outlive its terminal (nohup), programs cannot catch it.
func TestAChild(t *testing.T) {
	const waits = `trap 'echo usr1; cat "$SLUICE_DIR/app.yaml"' USR1; trap 'echo bye; exit 7' TERM; echo "port $PORT seq $SLUICE_SEQ in $SLUICE_DIR"; while :; do sleep 0.01; done`
	child := func(script string) *Child {
		return &Child{Argv: []string{"sh", "-c", script}, Stop: syscall.SIGTERM, Env: Environment{Files: []string{"app.yaml"}}}
	}
	for _, row := range []struct {
		sentence string
		child    *Child
		play     func(w *world)
		code     int
		out      string
	}{
		{"its end is the agent's", child(`exit 5`), func(*world) {}, 5, ""},
		{"also by a signal", child(`kill -KILL $$`), func(*world) {}, 137, ""},
		{"it gets the configuration", child(`echo $PORT; cat "$SLUICE_DIR/app.yaml"`), func(*world) {}, 0, "1\n{\"port\":1}"},
		{"a signal is handed on", child(waits), func(w *world) {
			w.out.await(t, "port 1 seq 1")
			w.signals <- syscall.SIGUSR1
			w.out.await(t, "usr1\n{\"port\":1}")
			w.signals <- syscall.SIGTERM
		}, 7, "usr1\n{\"port\":1}bye\n"},
		{"a change is a new process", child(waits), func(w *world) {
			w.out.await(t, "port 1 seq 1")
			w.source.Set(yaml(2))
			w.out.await(t, "port 2 seq 2")
			w.signals <- syscall.SIGTERM
		}, 7, "bye\nport 2 seq 2"},
		{"or a signal", func() *Child { c := child(waits); c.OnChange.Signal = syscall.SIGUSR1; return c }(), func(w *world) {
			w.out.await(t, "port 1 seq 1")
			w.source.Set(yaml(2))
			w.out.await(t, "usr1\n{\"port\":2}")
			w.signals <- syscall.SIGTERM
		}, 7, "usr1\n{\"port\":2}bye\n"},
		{"or nothing", func() *Child { c := child(waits); c.OnChange.Leave = true; return c }(), func(w *world) {
			w.out.await(t, "port 1 seq 1")
			w.source.Set(yaml(2))
			w.log.await(t, "seq=2")
			w.signals <- syscall.SIGTERM
		}, 7, "bye\n"},
		{"one that does not end is killed, with what it started", func() *Child {
			c := child(`trap '' TERM; echo "port $PORT"; sh -c 'sleep 60; true'; sleep 60`)
			c.Grace = time.Millisecond
			return c
		}(), func(w *world) {
			w.out.await(t, "port 1")
			w.source.Set(map[string]any{"app.yaml": map[string]any{"port": 2}})
			w.out.await(t, "port 2")
			w.signals <- syscall.SIGKILL
		}, 137, "port 1\nport 2\n"},
		{"a release that its environment cannot take is refused", child(waits), func(w *world) {
			w.out.await(t, "port 1 seq 1")
			w.source.Set(map[string]any{"app.yaml": map[string]any{"port": 2, "ld": map[string]any{"preload": "x"}}})
			w.log.await(t, "LD_PRELOAD is not configuration's to set")
			w.signals <- syscall.SIGTERM
		}, 7, "bye\n"},
	} {
		w := newWorld(t)
		w.opts.Child = row.child
		done := make(chan struct{})
		var code int
		var err error
		go func() {
			defer close(done)
			code, err = Run(t.Context(), w.opts)
		}()
		row.play(w)
		<-done
		if code != row.code || err != nil || !strings.Contains(w.out.String(), row.out) {
			t.Errorf("%s: ended with %d, %v, want %d; it printed %q, want %q", row.sentence, code, err, row.code, w.out, row.out)
		}
	}
}

// TestAChildEndsWhenTheAgentIsToldTo sends SIGINT, which a shell cannot catch where it is ignored from the start.
func TestAChildEndsWhenTheAgentIsToldTo(t *testing.T) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGINT)
	defer signal.Stop(caught)
	const says = `trap 'exit 6' INT; trap 'exit 7' TERM; trap 'exit 8' USR1; echo up; for i in $(seq 6000); do sleep 0.01; done`
	for _, row := range []struct {
		sentence     string
		script       string
		told, stop   os.Signal
		grace        time.Duration
		code, killed int
	}{
		{"TERM is handed on", says, syscall.SIGTERM, nil, time.Hour, 7, 0},
		{"so is INT", says, syscall.SIGINT, nil, time.Hour, 6, 0},
		{"a stop signal stands for TERM", says, syscall.SIGTERM, syscall.SIGUSR1, time.Hour, 8, 0},
		{"and for INT", says, syscall.SIGINT, syscall.SIGUSR1, time.Hour, 8, 0},
		{"one that ignores TERM is killed", `trap '' TERM; echo up; sleep 60`, syscall.SIGTERM, nil, time.Millisecond, 137, 1},
		{"one that ignores INT is killed", `trap '' INT; echo up; sleep 60`, syscall.SIGINT, nil, time.Millisecond, 137, 1},
		{"one that ignores its stop signal is killed", `trap '' USR1; echo up; sleep 60`, syscall.SIGTERM, syscall.SIGUSR1, time.Millisecond, 137, 1},
	} {
		w := newWorld(t)
		w.opts.Child = &Child{Argv: []string{"sh", "-c", row.script}, Stop: row.stop, Grace: row.grace}
		done := started(t, row.sentence, w.opts)
		w.out.await(t, "up")
		w.signals <- row.told
		if code := <-done; code != row.code { // a program that nobody ends does after a minute
			t.Errorf("%s: ended with %d, want %d", row.sentence, code, row.code)
		}
		if got := strings.Count(w.log.String(), "killed a program that did not end"); got != row.killed {
			t.Errorf("%s: the log says %d times that it was killed, want %d: %s", row.sentence, got, row.killed, w.log)
		}
	}
}

func TestAChildThatCannotStart(t *testing.T) {
	w := newWorld(t)
	w.opts.Child = &Child{Argv: []string{"no-such-program"}, Stop: syscall.SIGTERM}
	if _, err := Run(t.Context(), w.opts); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("got %v", err)
	}
}

// TestAReloadThatHangsHoldsNobodyUp: signals go to the program meanwhile, its end is the agent's, and what is new is told after it.
func TestAReloadThatHangsHoldsNobodyUp(t *testing.T) {
	const traps = `trap 'echo bye; exit 7' TERM; echo "up $SLUICE_SEQ"; while :; do sleep 0.01; done`
	for _, row := range []struct {
		sentence string
		script   string
		play     func(w *world, told *text)
		code     int
	}{
		{"a signal", traps, func(w *world, told *text) {
			w.out.await(t, "up 1")
			w.signals <- syscall.SIGTERM
		}, 7},
		{"the end of the program", `while ! test -e "$GO"; do sleep 0.01; done; exit 5`, func(w *world, _ *text) {
			if err := os.WriteFile(os.Getenv("GO"), nil, 0o600); err != nil {
				w.log.Write([]byte(err.Error()))
			}
		}, 5},
		{"another release", traps, func(w *world, told *text) {
			w.source.Set(yaml(2))
			w.out.await(t, "up 2")
			w.signals <- syscall.SIGTERM
		}, 7},
	} {
		w := newWorld(t)
		told := newText()
		t.Setenv("GO", filepath.Join(t.TempDir(), "go"))
		w.opts.Errs, w.opts.Reload = told, sh(`echo "reload $SLUICE_SEQ"; sleep 3600`)
		w.opts.Reload.Timeout = time.Hour
		w.opts.Child = &Child{Argv: []string{"sh", "-c", row.script}, Stop: syscall.SIGTERM}
		done := started(t, row.sentence, w.opts)
		told.await(t, "reload 1")
		row.play(w, told)
		if code := <-done; code != row.code {
			t.Errorf("%s: ended with %d, want %d", row.sentence, code, row.code)
		}
		if _, err := os.Lstat(filepath.Join(w.opts.Output.Dir, pending)); err != nil {
			t.Errorf("%s: the reload is not owed any more: %v", row.sentence, err)
		}
	}
}

// TestWhatCameDuringAReloadIsToldAfterIt: once, and the mark stays as long as something is owed.
func TestWhatCameDuringAReloadIsToldAfterIt(t *testing.T) {
	w := newWorld(t)
	told, gate := newText(), filepath.Join(t.TempDir(), "gate")
	w.opts.Errs, w.opts.Reload = told, sh(`echo "begin $SLUICE_SEQ"; while ! test -e `+gate+`-$SLUICE_SEQ; do sleep 0.01; done; ls -A "$SLUICE_DIR" | grep -c pending; echo "end $SLUICE_SEQ"`)
	end := w.run(t)
	told.await(t, "begin 1")
	w.source.Set(yaml(2))
	w.log.await(t, "seq=2")
	w.source.Set(yaml(3))
	w.log.await(t, "seq=3")
	for _, seq := range []string{"1", "3"} {
		if err := os.WriteFile(gate+"-"+seq, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		told.await(t, "end "+seq)
	}
	if _, err := end(); err != nil {
		t.Error(err)
	}
	if got, want := told.String(), "begin 1\n1\nend 1\nbegin 3\n1\nend 3\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// started runs an agent until its program ends, and gives that one's exit code.
func started(t *testing.T, sentence string, opts Options) <-chan int {
	done := make(chan int, 1)
	go func() {
		code, err := Run(t.Context(), opts)
		if err != nil {
			t.Errorf("%s: %v", sentence, err)
		}
		done <- code
	}()
	return done
}

// TestAnEndDuringTheFirstCheckIsNoRefusal: nobody said anything of the release.
func TestAnEndDuringTheFirstCheckIsNoRefusal(t *testing.T) {
	for sentence, run := range map[string]func(context.Context, Options) error{
		"once": Once,
		"on":   func(ctx context.Context, o Options) error { _, err := Run(ctx, o); return err },
	} {
		w := newWorld(t)
		asked := newText()
		w.opts.Errs, w.opts.Check = asked, sh(`echo asked; sleep 3600`)
		w.opts.Check.Timeout = time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- run(ctx, w.opts) }()
		asked.await(t, "asked")
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || errors.Is(err, provider.ErrRejected) {
			t.Errorf("%s: got %v", sentence, err)
		}
		if got := w.log.String(); got != "" { // no word of a release that the program would not take
			t.Errorf("%s: the log says %q", sentence, got)
		}
	}
}
