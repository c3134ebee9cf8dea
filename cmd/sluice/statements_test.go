package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// signedGate asks for one approval by signature in the last of two stages.
const signedGate = `version: 1
layout: %s
targets:
  directory: {}
stages:
  - name: development
  - name: production
    gates:
      promote: [approvals: {signed: 1}]
`

// TestStatementsAreCarriedOut tells what people sign from the command to the ledger, with the reconciler between.
func TestStatementsAreCarriedOut(t *testing.T) {
	for _, layout := range []string{"directory", "branch"} {
		t.Run(layout, func(t *testing.T) {
			s := newStatements(t, layout)
			s.edit(5000)
			s.approvedBeforeTheMerge()
			s.edit(8000)
			s.approvedAfterTheMerge()
			s.suspended()
			s.brokenGlass()
			s.tainted()
			s.rewound()
			s.sluice("ann", exitDone, "audit", "verify", "--anchor", string(s.team.Anchor()))
		})
	}
}

type statements struct {
	*project
	t        *testing.T
	operator string
}

func newStatements(t *testing.T, layout string, more ...schema.PublicKey) *statements {
	t.Helper()
	program, err := exec.LookPath("sluice")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProject(t.Context(), t.TempDir(), program, fmt.Sprintf(signedGate, layout), more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.forge.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &statements{project: p, t: t}
	live := filepath.Join(p.dir, "live")
	s.check(os.Mkdir(live, 0o755))
	s.operator, err = p.operatorFile("state", "directory: {kind: file, directory: "+live+"}")
	s.check(err)
	ann := p.team.Person("ann")
	for _, stage := range []string{"development", "production"} {
		if branch, _ := p.place(stage); branch != "main" {
			_, err := ann.Commit(t.Context(), team.Commit{Branch: branch, Orphan: true, Files: map[string]string{"README.md": "# " + branch + "\n"}, Message: "begin " + branch})
			s.check(err)
			s.check(ann.Push(t.Context(), branch))
		}
	}
	for _, name := range []string{"ann", "bob", "carol", "dave"} {
		s.check(p.team.Person(name).Fetch(t.Context()))
	}
	_, err = ann.Git(t.Context(), "checkout", "-q", "main")
	s.check(err)
	s.sluice("ann", exitDone, "init", "--seal")
	s.pass(exitDone)
	return s
}

func (s *statements) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// sluice runs a command in somebody's clone.
func (s *statements) sluice(who string, want int, args ...string) string {
	s.t.Helper()
	code, out, errs := call(s.t.Context(), os.Getenv, append([]string{"-C", s.team.Person(who).Dir()}, args...)...)
	if code != want {
		s.t.Fatalf("%s: sluice %s: exit %d, want %d\n%s%s", who, strings.Join(args, " "), code, want, out, errs)
	}
	return out + errs
}

// says runs a command and looks for a line in what it prints.
func (s *statements) says(line, who string, want int, args ...string) {
	s.t.Helper()
	if out := s.sluice(who, want, args...); !strings.Contains(out, line) {
		s.t.Fatalf("%s: sluice %s: no %q in\n%s", who, strings.Join(args, " "), line, out)
	}
}

func (s *statements) pass(want int) {
	s.t.Helper()
	s.sluice("ann", want, "run", "--once", "--config", s.operator)
}

func (s *statements) edit(value int) {
	s.t.Helper()
	_, err := s.bring(s.t.Context(), "development", fmt.Sprintf("limit %d", value), limit(value))
	s.check(err)
	s.pass(exitDone)
}

// production is what the stage was admitted to have.
func (s *statements) production(value int) {
	s.t.Helper()
	s.check(s.team.Person("ann").Fetch(s.t.Context()))
	found := ""
	s.check(filepath.WalkDir(filepath.Join(s.dir, "live"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "app.yaml" || !strings.Contains(path, "production") {
			return err
		}
		data, err := os.ReadFile(path)
		found = string(data)
		return err
	}))
	if want := fmt.Sprintf("maxTransfer: %d", value); !strings.Contains(found, want) {
		s.t.Fatalf("production has\n%s\nwant %d", found, value)
	}
}

// propose opens a merge request into production with the value.
func (s *statements) propose(value int) int {
	s.t.Helper()
	branch, dir := s.place("production")
	commits := limit(value)
	commits[0].Files = map[string]string{dir + "/app.yaml": commits[0].Files["app.yaml"]}
	s.brought++
	iid, err := s.team.Person("ann").Propose(s.t.Context(), branch, fmt.Sprintf("ann/production-%d", s.brought), "promote", commits...)
	s.check(err)
	return iid
}

func (s *statements) merge(iid int) {
	s.t.Helper()
	s.check(s.team.Person("bob").Merge(iid, gitlabtest.MergeOptions{RemoveSource: true}))
}

func (s *statements) approvedBeforeTheMerge() {
	s.t.Helper()
	iid := s.propose(5000)
	number := fmt.Sprint(iid)
	s.says("ann worked on the change and cannot approve it [self-approval]", "ann", exitDone, "approve", number, "--dry-run")
	s.says("dave may not approve payments in production (wants approver:production)", "dave", exitForbidden, "approve", number, "--yes")
	s.says("1 of 1 signed approvals with yours (also may: carol)", "bob", exitDone, "approve", number, "--yes")
	s.says("you approved this already", "bob", exitDone, "approve", number, "--yes")
	s.checkTags("bob", schema.KindApprove, 1)
	s.merge(iid)
	s.pass(exitDone)
	s.production(5000)
	s.fetch("bob")
	s.says("state   used by entry #", "bob", exitDone, "requests", "--all")
}

func (s *statements) approvedAfterTheMerge() {
	s.t.Helper()
	s.merge(s.propose(8000))
	s.pass(exitNo)
	s.production(5000)
	s.says("sluice approve --held payments production", "ann", exitNo, "why", "payments", "production")
	s.says("1 of 1 signed approvals with yours", "carol", exitDone, "approve", "--held", "payments", "production", "--yes")
	s.pass(exitDone)
	s.production(8000)
}

func (s *statements) suspended() {
	s.t.Helper()
	s.says("may not sign this", "dave", exitForbidden, "suspend", "--stage", "production", "--until", "2d", "--reason", "stocktaking", "--yes")
	s.sluice("bob", exitDone, "suspend", "--stage", "production", "--until", "2d", "--reason", "stocktaking", "--yes")
	s.checkTags("bob", schema.KindSuspend, 1)
	s.pass(exitDone)
	again := []string{"suspend", "--stage", "production", "--reason", "again"}
	s.says("would take its place and end earlier", "carol", exitUsage, append(again, "--until", "1h", "--yes")...)
	s.says("It REPLACES the suspension until ", "carol", exitDone, append(again, "--until", "1h", "--replace", "--dry-run")...)
	s.says(": stocktaking), and ends EARLIER.", "carol", exitDone, append(again, "--until", "1h", "--replace", "--dry-run")...)
	s.says(": stocktaking), and ends later.", "carol", exitDone, append(again, "--until", "3d", "--dry-run")...)
	s.says("would hold until", "carol", exitDone, "resume", "--stage", "production", "--reason", "counted", "--yes")
	s.pass(exitDone)
	s.says("production (every app) is not suspended by itself", "carol", exitUsage, "resume", "--stage", "production", "--reason", "counted", "--yes")
}

// brokenGlass lets content in that was never anywhere before, by two people, and has somebody else look at it.
func (s *statements) brokenGlass() {
	s.t.Helper()
	s.merge(s.propose(9999))
	s.pass(exitNo)
	s.production(8000)
	branch, _ := s.place("production")
	s.says("ann may not sign this: it wants the role release", "ann", exitForbidden, "break-glass", "payments", "production", "--commit", "origin/"+branch, "--until", "4h", "--review", "3d", "--reason", "incident 42", "--yes")
	out := s.sluice("bob", exitDone, "break-glass", "payments", "production", "--commit", "origin/"+branch, "--until", "4h", "--review", "3d", "--reason", "incident 42", "--yes", "-o", "json")
	var sheet struct {
		ID   string
		By   []string
		Need int
	}
	s.check(json.Unmarshal([]byte(out), &sheet))
	if len(sheet.By) != 1 || sheet.Need != 2 {
		t := s.t
		t.Fatalf("after bob: %+v, want 1 of 2", sheet)
	}
	s.pass(exitNo)
	s.production(8000)
	s.says("next: the reconciler carries it out", "carol", exitDone, "break-glass", "--sign", sheet.ID, "--yes")
	s.checkTags("carol", schema.KindBreakGlass, 2)
	s.sluice("bob", exitDone, "break-glass", "payments", "production", "--commit", "origin/"+branch, "--until", "4h", "--review", "3d", "--reason", "incident 42 again", "--yes")
	s.pass(exitDone)
	s.production(9999)
	s.fetch("bob")
	s.says("can no longer be used: the app has moved on since", "bob", exitDone, "requests", "--all")
	s.says("no request waits", "bob", exitDone, "requests")
	s.says(sheet.ID+" was carried out by entry #", "bob", exitNo, "break-glass", "--sign", sheet.ID, "--yes")
	s.says("bob broke the glass and cannot review it", "bob", exitForbidden, "review", "payments", "production", "--reason", "looks good", "--yes")
	s.sluice("ann", exitDone, "review", "payments", "production", "--reason", "read line by line", "--yes")
	s.pass(exitDone)
	s.says("nothing in payments in production waits for a review", "ann", exitUsage, "review", "payments", "production", "--reason", "again")
}

func (s *statements) tainted() {
	s.t.Helper()
	s.fetch("bob")
	revision := s.revision("bob", "development")
	s.sluice("bob", exitDone, "taint", "payments", "development", "--revision", revision, "--reason", "a stolen key", "--yes")
	s.pass(exitDone)
	s.fetch("bob")
	s.says("tainted: payments in development holds "+revision, "bob", exitDone, "why", "payments", "development")
	s.says("tainted: payments in development holds "+revision, "bob", exitDone, "status")
	s.says("by bob: a stolen key", "bob", exitDone, "history", "payments")
	s.says("is tainted in payments in development already", "bob", exitUsage, "taint", "payments", "development", "--revision", revision, "--reason", "again")
	s.says("it wants the role root", "bob", exitForbidden, "taint", "payments", "development", "--revision", revision, "--acknowledge", "--reason", "read", "--yes")
	s.sluice("ann", exitDone, "taint", "payments", "development", "--revision", revision, "--acknowledge", "--reason", "read", "--yes")
	s.pass(exitDone)
	s.says("is not tainted in payments in development", "ann", exitUsage, "taint", "payments", "development", "--revision", revision, "--acknowledge", "--reason", "read")
}

// rewound pushes the branch of production back by one and has the admin accept that.
func (s *statements) rewound() {
	s.t.Helper()
	ann := s.team.Person("ann")
	branch, _ := s.place("production")
	s.fetch("ann")
	_, err := ann.Git(s.t.Context(), "push", "-q", "--force", "origin", "origin/"+branch+"~1:refs/heads/"+branch)
	s.check(err)
	s.pass(exitTampered)
	s.fetch("ann")
	s.says("sluice accept-ref "+branch+" --new", "ann", exitNo, "why", "payments", "production")
	s.says("bob may not sign this: it wants the role admin", "bob", exitForbidden, "accept-ref", branch, "--new", "origin/"+branch, "--reason", "by mistake", "--yes")
	out := s.sluice("ann", exitDone, "accept-ref", branch, "--new", "origin/"+branch, "--reason", "by mistake", "--yes")
	if strings.Contains(out, "No incident") {
		s.t.Errorf("the incident is in the ledger:\n%s", out)
	}
	s.pass(exitNo) // followed again; what the branch has is not what was admitted
}

func (s *statements) revision(who, stage string) string {
	s.t.Helper()
	c := s.open(who)
	defer c.Close()
	state, _, err := c.Ledger.Cell(s.t.Context(), schema.Cell{Stage: schema.StageName(stage), App: "payments"})
	s.check(err)
	return state.Admitted.Revision.String()
}

func (s *statements) fetch(who string) {
	s.t.Helper()
	s.check(s.team.Person(who).Fetch(s.t.Context()))
	_, err := s.team.Person(who).Git(s.t.Context(), "fetch", "-q", "origin", "+refs/tags/sluice/*:refs/tags/sluice/*")
	s.check(err)
}

func (s *statements) open(who string) *clone {
	s.t.Helper()
	a := &app{dir: s.team.Person(who).Dir(), environ: os.Getenv}
	c, err := a.openClone(s.t.Context(), cloneFlags{ledger: schema.DefaultLedgerBranch})
	s.check(err)
	return c
}

// checkTags holds what was pushed against the checks of package signing, as anybody can with a clone.
func (s *statements) checkTags(who, kind string, want int) {
	s.t.Helper()
	s.fetch(who)
	c := s.open(who)
	defer c.Close()
	d := &desk{clone: c, mirror: gitrepo.Mirror{Repo: c.repo}}
	found, _, err := requestsIn(s.t.Context(), c.repo, c.refs)
	s.check(err)
	var copies []signing.RequestCopy
	for _, r := range found {
		if r.Request.Kind == kind {
			copies = append(copies, r.copy())
		}
	}
	if len(copies) != want {
		s.t.Fatalf("%d tags of kind %s, want %d", len(copies), kind, want)
	}
	if kind == schema.KindApprove {
		approval, err := signing.CheckApproval(c.Keyring, copies[0], d.acceptance())
		if err != nil || approval.Code != "ok" || approval.Principal != "bob" || approval.Statement.MergeRequest == nil && s.brought > 2 {
			s.t.Errorf("approval: %+v, %v", approval, err)
		}
		return
	}
	statement, err := schema.ParseStatement(copies[0].Request)
	s.check(err)
	check := signing.CheckRequest(c.Keyring, c.Trust, copies, d.acceptance(), d.entry(s.t.Context(), statement.Seen.Size))
	if !check.OK || len(check.By) != want {
		s.t.Errorf("%s: %+v", kind, check)
	}
}

// TestApprovalsByEveryKindOfKey signs with what the real programs hold: a key file, an agent, and gpg.
func TestApprovalsByEveryKindOfKey(t *testing.T) {
	c := newKeyCabinet(t)
	s := newStatements(t, "directory",
		schema.PublicKey{Format: schema.SSHKey, Data: []byte(c.read("plain.pub"))},
		schema.PublicKey{Format: schema.SSHKey, Data: []byte(c.read("agent.pub"))},
		schema.PublicKey{Format: schema.OpenPGPKey, Data: []byte(c.read("ann.asc"))},
	)
	s.edit(5000)
	number := fmt.Sprint(s.propose(5000))
	_, err := s.team.Person("bob").Git(t.Context(), "config", "gpg.ssh.program", real.Binary(t, "ssh-keygen"))
	s.check(err)
	keys := map[string]bool{}
	for _, key := range []string{c.file("plain"), c.file("agent.pub"), c.pgp} {
		out := s.sluice("bob", exitDone, "approve", number, "--sign-with", key, "--yes", "-o", "json")
		var signed sheet
		s.check(json.Unmarshal([]byte(out), &signed))
		if signed.Signer != "bob" || !signed.Pushed {
			t.Errorf("with %s: %s", key, out)
		}
		s.checkTags("bob", schema.KindApprove, 1)
		keys[signed.Key] = true
		_, err := s.team.Person("bob").Git(t.Context(), "push", "-q", "origin", ":refs/tags/"+signed.Tag)
		s.check(err)
		_, err = s.team.Person("bob").Git(t.Context(), "tag", "-d", signed.Tag)
		s.check(err)
	}
	if len(keys) != 3 {
		t.Errorf("keys %v, want three", keys)
	}
	s.says("is nobody's in this project", "bob", exitForbidden, "approve", number, "--sign-with", c.file("locked"), "--yes")
}
