package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// The end-to-end tests run the binary as its users do: sluice run is a process that can be killed, git pushes over HTTP,
// etcd is read by a plain client. With SLUICE_E2E (make e2e) the binary is built and etcd is the real program; else the
// binary is this test's own and etcd runs inside the test.

const branchLines = "version: 1\nlayout: branch\ntargets:\n  etcd: {}\nstages: default\nstage_local: [local.yaml]\n"

func TestEndToEnd(t *testing.T) {
	binary := sluiceBinary(t)
	for layout, sluiceYAML := range map[string]string{
		"a directory per stage": fmt.Sprintf(sixLines, "etcd"),
		"a branch per stage":    branchLines,
	} {
		t.Run(layout, func(t *testing.T) {
			t.Parallel()
			e := newEndToEnd(t, binary, sluiceYAML)
			if sluiceYAML == branchLines { // in the other one both work at once
				e.adapt = elected
			}
			e.seal()
			first := e.start("first")
			e.promote(5000, "development", "testing", "staging", "gray", "production")
			e.killBetweenAdmitAndApply(first)
			second := e.start("first") // the same state directory: a restart
			e.awaitValue("development", 8000)
			e.healWhileTheForgeIsDown()
			e.start("other") // two at once
			e.promote(8000, "testing", "staging", "gray", "production")
			e.powerCut()
			e.pause(second, func() { e.promote(9000, "development") })
			e.promote(9500, "development")
			e.interrupt(second)
			e.promote(9900, "development")
			e.traced()
			e.prove()
		})
	}
}

// endToEnd is one project with its processes.
type endToEnd struct {
	*project
	t       *testing.T
	binary  string
	gate    *gate
	cut     func() // kills etcd and starts it again; nil where it runs inside the test
	targets string
	root    string                       // first part of every key of etcd; empty is the default one
	adapt   func(operator string) string // changes the operator's file; nil leaves it
	flags   []string                     // more of sluice run

	tip   string // of the ledger, when found was read
	found []ledger.Entry
}

func newEndToEnd(t *testing.T, binary, sluiceYAML string) *endToEnd {
	t.Helper()
	p, err := newProject(t.Context(), t.TempDir(), binary, sluiceYAML)
	if err != nil {
		t.Fatal(err)
	}
	e := &endToEnd{project: p, t: t, binary: binary}
	t.Cleanup(func() {
		if err := p.forge.Close(); err != nil {
			t.Error(err)
		}
	})
	var endpoint string
	endpoint, e.cut = startEtcd(t)
	e.gate = newGate(t, strings.TrimPrefix(endpoint, "http://"))
	e.targets = fmt.Sprintf("etcd: {kind: etcd, endpoints: [%q], settings: {timeout: 500ms}}", "http://"+e.gate.address())
	return e
}

// startEtcd runs etcd for a test: the real program, which can be cut off, or one inside the test.
func startEtcd(t *testing.T) (endpoint string, cut func()) {
	t.Helper()
	if os.Getenv("SLUICE_E2E") != "" {
		server := real.Etcd(t)
		return server.Endpoint, server.Restart
	}
	server, err := etcd.StartEmbedded(t.TempDir(), etcd.EmbeddedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server.Endpoint(), nil
}

// sluiceBinary is the program under test.
func sluiceBinary(t *testing.T) string {
	t.Helper()
	if os.Getenv("SLUICE_E2E") == "" {
		path, err := exec.LookPath("sluice") // this test binary, by testscript.Main
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := filepath.Join(t.TempDir(), "sluice")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", path, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build sluice: %v\n%s", err, out)
	}
	return path
}

// seal begins the branches of the stages, where the layout has some, and makes the genesis request.
func (e *endToEnd) seal() {
	e.t.Helper()
	e.check(e.beginBranches(e.t.Context()))
	e.sluice(exitDone, "init", "--seal")
}

func (e *endToEnd) check(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// sluice runs a command in ann's clone.
func (e *endToEnd) sluice(want int, args ...string) string {
	e.t.Helper()
	cmd := exec.CommandContext(e.t.Context(), e.binary, append([]string{"-C", e.team.Person("ann").Dir()}, args...)...)
	cmd.Env = append(os.Environ(), "SLUICE_ANCHOR="+string(e.team.Anchor()), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want {
		e.t.Fatalf("sluice %s: %v, want exit %d\n%s%s", strings.Join(args, " "), err, want, &out, &errs)
	}
	return out.String()
}

// start runs a reconciler with a state directory of that name.
func (e *endToEnd) start(name string) *exec.Cmd {
	e.t.Helper()
	operator, err := e.operatorFile(name, e.targets)
	e.check(err)
	if e.adapt != nil {
		text, err := os.ReadFile(operator)
		e.check(err)
		e.check(os.WriteFile(operator, []byte(e.adapt(string(text))), 0o600))
	}
	log, err := os.OpenFile(filepath.Join(e.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	e.check(err)
	cmd := exec.Command(e.binary, append([]string{"run", "--config", operator}, e.flags...)...)
	cmd.Stderr = log
	real.Start(e.t, cmd)
	e.t.Cleanup(func() {
		_ = log.Close()
		if e.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			e.t.Logf("log of the reconciler %s:\n%s", name, text)
		}
	})
	return cmd
}

// killBetweenAdmitAndApply lets a change be admitted while etcd does not answer, and kills the reconciler there.
func (e *endToEnd) killBetweenAdmitAndApply(running *exec.Cmd) {
	e.t.Helper()
	e.gate.shut()
	iid, err := e.bring(e.t.Context(), "development", "raise", limit(8000))
	e.check(err)
	e.await("the admission to be in the ledger", func() bool { return e.admissions("development", iid) == 1 })
	e.check(syscall.Kill(-running.Process.Pid, syscall.SIGKILL))
	_ = running.Wait() // the error says that it was killed
	if got := e.admissions("development", iid); got != 1 {
		e.t.Fatalf("%d admissions of !%d after the kill, want 1", got, iid)
	}
	e.gate.open()
	if got := e.value("development"); !strings.Contains(got, `"maxTransfer":5000`) {
		e.t.Fatalf("etcd has %s although the reconciler was killed before it could write", got)
	}
}

// healWhileTheForgeIsDown changes etcd by hand when neither GitLab nor Git answers.
func (e *endToEnd) healWhileTheForgeIsDown() {
	e.t.Helper()
	e.forge.Down(true)
	key := etcd.HeadKey(etcd.DefaultRoot, e.cell("production"))
	e.check(etcd.Put(e.t.Context(), "http://"+e.gate.address(), key, []byte("by hand")))
	e.awaitValue("production", 5000)
	e.forge.Down(false)
	e.await("the drift to be in the ledger", func() bool {
		return e.count(func(x ledger.Entry) bool { return x.Kind == ledger.Drift }) > 0
	})
}

// elected lets one of the reconcilers work at a time.
func elected(operator string) string {
	return strings.Replace(operator, "    targets:\n", "    election: etcd\n    targets:\n", 1)
}

// pause stops a reconciler, the leader where there is one, while something happens, and wakes it up.
func (e *endToEnd) pause(running *exec.Cmd, meanwhile func()) {
	e.t.Helper()
	if e.adapt != nil {
		e.await("the other one to look on", func() bool {
			log, err := os.ReadFile(filepath.Join(e.dir, "other.log"))
			return err == nil && bytes.Contains(log, []byte("looks on"))
		})
	}
	e.check(running.Process.Signal(syscall.SIGSTOP))
	meanwhile()
	e.check(running.Process.Signal(syscall.SIGCONT))
}

// traced leads from live keys back to the merge request that brought them.
func (e *endToEnd) traced() {
	e.t.Helper()
	e.check(e.team.Person("ann").Fetch(e.t.Context()))
	operator := filepath.Join(e.dir, "other.yaml")
	key := etcd.HeadKey(etcd.DefaultRoot, e.cell("production"))
	if out := e.sluice(exitDone, "trace", "etcd:"+key, "--config", operator); !strings.Contains(out, "as admitted") || !strings.Contains(out, "approved") {
		e.t.Errorf("trace of %s says %s", key, out)
	}
	e.sluice(exitNo, "trace", "etcd:"+strings.TrimSuffix(key, "head")+"kv/app.yaml", "--config", operator) // there is no mirror
}

// powerCut ends etcd without warning, where it is a process of its own.
func (e *endToEnd) powerCut() {
	if e.cut == nil {
		return
	}
	e.cut()
	e.awaitValue("production", 8000)
}

// interrupt ends a reconciler as an operator does; it ends cleanly.
func (e *endToEnd) interrupt(running *exec.Cmd) {
	e.t.Helper()
	e.check(running.Process.Signal(os.Interrupt))
	if err := running.Wait(); err != nil {
		e.t.Errorf("after an interrupt sluice run ends with %v, want 0", err)
	}
}

// promote brings a value into stages one after the other, and waits until etcd has it there.
func (e *endToEnd) promote(value int, stages ...string) {
	e.t.Helper()
	approvers := map[string][]string{"staging": {"bob"}, "gray": {"bob"}, "production": {"bob", "carol"}}
	for _, stage := range stages {
		iid, err := e.bring(e.t.Context(), stage, fmt.Sprintf("limit %d in %s", value, stage), limit(value), approvers[stage]...)
		e.check(err)
		e.awaitValue(stage, value)
		e.await("the delivery to be in the ledger", func() bool { return e.delivered(stage, iid) })
	}
}

// prove holds the whole ledger, and the signatures of what it let in last.
func (e *endToEnd) prove() {
	e.t.Helper()
	e.proveLedger()
	branch, _ := e.place("development")
	e.sluice(exitDone, "verify", "origin/"+branch+"~1..origin/"+branch)
}

// proveLedger holds the whole ledger: proven, no gap, every merge request admitted once and delivered.
func (e *endToEnd) proveLedger() {
	e.t.Helper()
	e.check(e.team.Person("ann").Fetch(e.t.Context()))
	if out := e.sluice(exitDone, "audit", "verify"); !strings.HasPrefix(out, "proven: ") {
		e.t.Errorf("audit verify says %s", out)
	}
	admitted := map[string]int64{}
	for i, x := range e.entries() {
		if x.Seq != int64(i)+2 {
			e.t.Errorf("entry #%d is at place %d: the ledger has a gap or a double entry", x.Seq, i+2)
		}
		if x.Decision == nil || x.Decision.Verdict.Outcome != schema.Allow {
			continue
		}
		what := fmt.Sprintf("%s !%d", x.Stage, x.Decision.MergeRequest.IID)
		if other, twice := admitted[what]; twice {
			e.t.Errorf("%s is admitted in #%d and #%d", what, other, x.Seq)
		}
		admitted[what] = x.Seq
	}
	if len(admitted) != e.brought {
		e.t.Errorf("%d merge requests are admitted, want %d", len(admitted), e.brought)
	}
}

// entries are those about the app, as the command prints them. Only the first of a ledger, the genesis, is not among them.
func (e *endToEnd) entries() []ledger.Entry {
	e.t.Helper()
	tip := e.forge.Tip(e.team.Path(), schema.DefaultLedgerBranch)
	if tip == e.tip {
		return e.found
	}
	e.check(e.team.Person("ann").Fetch(e.t.Context()))
	cmd := exec.CommandContext(e.t.Context(), e.binary, "-C", e.team.Person("ann").Dir(), "history", "payments", "-o", "json")
	out, err := cmd.Output()
	if err != nil {
		return nil // not sealed yet, or no entry about the app
	}
	var found []ledger.Entry
	for line := range bytes.Lines(out) {
		var x ledger.Entry
		e.check(json.Unmarshal(line, &x))
		found = append(found, x)
	}
	e.tip, e.found = tip, found
	return found
}

func (e *endToEnd) count(which func(ledger.Entry) bool) int {
	n := 0
	for _, x := range e.entries() {
		if which(x) {
			n++
		}
	}
	return n
}

func (e *endToEnd) admissions(stage string, iid int) int {
	return e.count(func(x ledger.Entry) bool {
		return string(x.Stage) == stage && x.Kind == ledger.Admit && x.Decision.MergeRequest != nil && int(x.Decision.MergeRequest.IID) == iid
	})
}

// delivered looks for the apply entry that names the admission of a merge request.
func (e *endToEnd) delivered(stage string, iid int) bool {
	admission := int64(0)
	return e.count(func(x ledger.Entry) bool {
		if string(x.Stage) != stage {
			return false
		}
		if x.Kind == ledger.Admit && x.Decision.MergeRequest != nil && int(x.Decision.MergeRequest.IID) == iid {
			admission = x.Seq
		}
		return x.Kind == ledger.Apply && admission > 0 && x.Delivery.Admission == admission && x.Delivery.Result == "ok"
	}) > 0
}

func (e *endToEnd) cell(stage string) schema.Cell {
	return schema.Cell{Stage: schema.StageName(stage), App: "payments"}
}

// value is what an application reads from etcd; empty if nothing can be read.
func (e *endToEnd) value(stage string) string {
	ctx, stop := context.WithTimeout(e.t.Context(), 5*time.Second)
	defer stop()
	document, err := etcd.ReadDocument(ctx, "http://"+e.gate.address(), etcd.HeadKey(cmp.Or(e.root, etcd.DefaultRoot), e.cell(stage)))
	if err != nil {
		return ""
	}
	return string(document)
}

func (e *endToEnd) awaitValue(stage string, value int) {
	e.t.Helper()
	want := fmt.Sprintf(`"maxTransfer":%d`, value)
	e.await(fmt.Sprintf("%s to have %d", stage, value), func() bool { return strings.Contains(e.value(stage), want) })
}

// await looks until it is so; a minute is for loaded machines, a good run takes a second.
func (e *endToEnd) await(what string, so func() bool) {
	e.t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-deadline.C:
			e.t.Fatalf("waited a minute for %s", what)
		case <-e.t.Context().Done():
			e.t.Fatal(e.t.Context().Err())
		case <-tick.C:
		}
	}
}
