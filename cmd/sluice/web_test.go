package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestThePageAlone: without a key, without GitLab and without a right to write, the page shows what the ledger says, and nothing
// of a ledger that was cut back.
func TestThePageAlone(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	r := h.run("200ms")
	h.brings(5000)
	h.await("the ledger", func() bool { return strings.Contains(h.get(r.page+"/view.json"), `"state":"live"`) })
	r.stop()

	ctx, cancel := context.WithCancel(t.Context())
	log, errs := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		a := &app{in: strings.NewReader(""), out: io.Discard, errs: errs, environ: os.Getenv}
		ended <- a.main(ctx, []string{"web", "--config", h.withoutKey(), "--state-dir", filepath.Join(h.dir, "web"), "--listen", "127.0.0.1:0"})
		errs.Close()
	}()
	buffer := make([]byte, 4096)
	n, err := log.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	found := regexp.MustCompile(`address=(\S+)`).FindSubmatch(buffer[:n])
	if found == nil {
		t.Fatalf("no address: %s", buffer[:n])
	}
	page := string(found[1])
	h.await("the page", func() bool { return strings.Contains(h.get(page+"/app/payments"), "✓") })
	if got := h.get(page + "/diff?app=payments&from=development&to=development@live"); !strings.Contains(got, "No difference in") || !strings.Contains(got, "Values are not shown here") {
		t.Errorf("the comparison: %s", got)
	}
	if got := h.get(page + "/values/development/payments"); !strings.Contains(got, "limits.maxTransfer") || strings.Contains(got, "5000") {
		t.Errorf("the keys: %s", got)
	}
	if got := h.get(page + "/audit/1"); !strings.Contains(got, "genesis") || !strings.Contains(got, "sluice audit verify") {
		t.Errorf("the first entry: %.300s", got)
	}
	if resp, err := http.Post(page+"/", "text/plain", nil); err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %v %v", resp, err)
	}
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("sluice web ends with %d", code)
	}
}

// withoutKey is the operator's file of somebody who has no log key.
func (h *hooked) withoutKey() string {
	h.t.Helper()
	file, err := h.operatorFile("reading", "directory: {kind: file, directory: /nowhere}")
	if err != nil {
		h.t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		h.t.Fatal(err)
	}
	h.write("reading.yaml", regexp.MustCompile(`(?m)^log_key_file: .*\n`).ReplaceAllString(string(data), ""))
	return file
}

// TestAShorterLedgerIsNotShown: whoever watches keeps what was shown, with the reason.
func TestAShorterLedgerIsNotShown(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	r := h.run("200ms")
	h.brings(5000)
	h.await("the ledger", func() bool { return strings.Contains(h.get(r.page+"/view.json"), `"state":"live"`) })
	r.stop()
	op := schema.Operator{StateDir: filepath.Join(h.dir, "web"), Poll: schema.Poll{Interval: time.Second}, Projects: []schema.OperatorProject{{
		Repository: h.forge.CloneURL(h.team.Path(), ""), Username: "reconciler", TokenFile: h.token, Anchor: h.team.Anchor()}}}
	w, err := openWatcher(t.Context(), op, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	own := w.ref
	w.ref = "refs/heads/not/here"
	w.look(t.Context())
	if v := w.view.Load(); !v.Looked.IsZero() || !slices.Equal(v.ProblemCodes, []schema.Code{"no-ledger"}) || !strings.HasPrefix(v.Problems[0], "there is no branch not/here in ") {
		t.Errorf("of a repository without the ledger's branch: %v %v, looked %s", v.Problems, v.ProblemCodes, v.Looked)
	}
	w.ref = own
	w.look(t.Context())
	before := w.view.Load()
	if before.Ledger.Size < 2 || len(before.Problems) > 0 || before.Journal.Read != before.Ledger.Size {
		t.Fatalf("%d entries, %v", before.Ledger.Size, before.Problems)
	}
	w.anchor = schema.DigestOf([]byte("another project"))
	again := *before
	again.Ledger.Tip = schema.Hash{}
	w.view.Store(&again) // as if the branch had moved
	w.look(t.Context())
	if v := w.view.Load(); len(v.Problems) == 0 || !slices.Contains(v.ProblemCodes, "anchor-mismatch") || len(v.Apps) != len(before.Apps) || v.Looked != before.Looked {
		t.Errorf("of another project's ledger: %v, looked %s", v.Problems, v.Looked)
	}
	w.anchor = h.team.Anchor()
	w.past.Add(ledger.Entry{Seq: before.Ledger.Size + 1}, schema.DigestOf([]byte("an entry that was cut off")))
	w.view.Store(&again)
	w.look(t.Context())
	if v := w.view.Load(); len(v.Problems) == 0 || !strings.Contains(v.Problems[0], "and had") || !slices.Equal(v.ProblemCodes, []schema.Code{"log-rollback"}) {
		t.Errorf("of a shorter ledger: %v %v", v.Problems, v.ProblemCodes)
	}
	w.ref = "refs/heads/gone"
	w.look(t.Context())
	if v := w.view.Load(); len(v.Problems) == 0 || !slices.Equal(v.ProblemCodes, []schema.Code{"log-rollback"}) || v.Ledger.Size != before.Ledger.Size {
		t.Errorf("of a ledger whose branch is gone: %v %v", v.Problems, v.ProblemCodes)
	}
}

// TestAnOrdinaryCloneHasItsLedgerFromOrigin: a clone has the ledger's branch as its origin's alone, or one of its own that nobody
// brings up to date.
func TestAnOrdinaryCloneHasItsLedgerFromOrigin(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	r := h.run("200ms")
	h.brings(5000)
	h.await("the ledger", func() bool { return strings.Contains(h.get(r.page+"/view.json"), `"state":"live"`) })
	r.stop()
	origin, clone := h.forge.RepoDir(h.team.Path()), filepath.Join(h.dir, "ordinary")
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("clone", "-q", origin, clone)
	const own, origins = "refs/heads/sluice/ledger", "refs/remotes/origin/sluice/ledger"
	tip, state := git("-C", clone, "rev-parse", origins), 0
	shows := func(want, from string) {
		t.Helper()
		state++
		op := schema.Operator{StateDir: filepath.Join(h.dir, "web", strconv.Itoa(state)), Poll: schema.Poll{Interval: time.Second}, Projects: []schema.OperatorProject{{Repository: clone, Anchor: h.team.Anchor()}}}
		w, err := openWatcher(t.Context(), op, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		w.look(t.Context())
		v := w.view.Load()
		if v.Ledger.Tip.String() != want || v.Ledger.Ref != from || len(v.Problems) > 0 {
			t.Errorf("got the ledger at %s from %s, %v; want %s from %s", v.Ledger.Tip, v.Ledger.Ref, v.Problems, want, from)
		}
		if state > 1 {
			return
		}
		admitted, _ := v.Cell(schema.Cell{Stage: "development", App: "payments"})
		if files, err := contentOf(w.repo)(t.Context(), admitted.Commit, admitted.Path); err != nil || len(files) == 0 {
			t.Errorf("the files of what is admitted: %v %v", files, err)
		}
	}
	shows(tip, origins)
	git("-C", clone, "update-ref", own, tip+"~1")
	shows(tip, origins)
	git("-C", clone, "update-ref", own, tip)
	git("-C", clone, "update-ref", origins, tip+"~1")
	shows(tip, own)
}
