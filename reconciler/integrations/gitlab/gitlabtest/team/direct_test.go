package team

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// TestMain lets git sign with this very binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-Y" {
		os.Exit(signing.GitSSHProgram(os.Args[1:], os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

const project = `version: 1
layout: directory
targets: {files: {}}
stages:
  - name: development
    gates: {promote: []}
`

func newTeam(t *testing.T) *Team {
	t.Helper()
	dir := t.TempDir()
	forge, err := gitlabtest.New(filepath.Join(dir, "forge"), gitlabtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := forge.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forge.Close() })
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	made, err := New(t.Context(), Config{
		Server: forge, Dir: dir, Project: "acme/config", Program: program, Now: func() time.Time { return at }, Direct: true,
	}, []byte(project), Member{
		Name: "ann", Level: gitlabtest.Maintainer, Roles: []schema.Role{{Name: schema.RoleRoot}, {Name: schema.RoleAdmin}, {Name: schema.RoleAuthor}},
	}, Member{Name: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestDirectWritesWhatGitWrites makes each commit twice, without git and with it: ids are of the bytes, so they are the same.
func TestDirectWritesWhatGitWrites(t *testing.T) {
	made := newTeam(t)
	ann := made.Person("ann")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(ann.Fetch(t.Context()))
	for _, r := range []struct {
		sentence string
		commit   Commit
	}{
		{"files at the root and below", Commit{Files: map[string]string{"a.yaml": "1\n", "a/b.yaml": "2\n", "a/c/d.yaml": "", "a.b/c": "no newline"}}},
		{"a file replaced and another removed", Commit{Files: map[string]string{"a/b.yaml": "3\n"}, Remove: []string{"a/c/d.yaml"}}},
		{"a folder removed", Commit{Remove: []string{"a"}}},
		{"one that nobody signs", Commit{Files: map[string]string{"a": "4\n"}, Unsigned: true}},
		{"nothing, which is allowed", Commit{Allow: true}},
		{"a branch without history", Commit{Orphan: true, Files: map[string]string{"z": "5\n"}}},
		{"a message of lines", Commit{Files: map[string]string{"q": "6\n"}, Message: "title\n\nfirst\nsecond"}},
		{"a message with spaces at its ends", Commit{Files: map[string]string{"q": "7\n"}, Message: " title \n"}},
	} {
		if r.commit.Message == "" {
			r.commit.Message = r.sentence
		}
		t.Run(r.sentence, func(t *testing.T) {
			c := r.commit
			if c.Branch = "twice"; c.Orphan {
				c.Branch = "orphan"
			}
			if r.sentence == "files at the root and below" {
				c.Start = "origin/main"
			}
			was, err := refIn(ann.gitDir(), "refs/heads/"+c.Branch)
			must(err)
			one, err := ann.Commit(t.Context(), c)
			must(err)
			ann.byHand = true
			defer func() { ann.byHand = false }()
			switch {
			case c.Orphan:
				c.Branch = "orphan-by-git"
			case c.Start == "":
				c.Start = was.String()
			}
			two, err := ann.Commit(t.Context(), c)
			must(err)
			if one != two {
				a, _ := ann.Git(t.Context(), "cat-file", "-p", one.String())
				b, _ := ann.Git(t.Context(), "cat-file", "-p", two.String())
				t.Errorf("without git %s\n%s\nby git %s\n%s", one, a, two, b)
			}
		})
	}
	_, err := ann.Git(t.Context(), "fsck", "--strict")
	must(err)
}

// TestDirectPushesAndFetches follows a branch from one person to another, and back by git.
func TestDirectPushesAndFetches(t *testing.T) {
	made := newTeam(t)
	ann, bob := made.Person("ann"), made.Person("bob")
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(p *Person, file string, force ...string) (schema.Hash, error) {
		must(p.Fetch(ctx))
		id, err := p.Commit(ctx, Commit{Branch: "change", Start: "origin/main", Files: map[string]string{file: "1\n"}, Message: file})
		must(err)
		return id, p.Push(ctx, "change", force...)
	}
	first, err := put(ann, "a")
	must(err)
	if _, err := put(bob, "b"); err == nil {
		t.Error("bob's push overwrites ann's branch without force")
	}
	must(bob.Fetch(ctx))
	if there, err := bob.Resolve(ctx, "origin/change"); err != nil || there != first {
		t.Errorf("bob sees %s (%v), ann pushed %s", there, err, first)
	}
	second, err := put(bob, "b", "--force")
	must(err)
	if at, err := refIn(made.forgeDir(), "refs/heads/change"); err != nil || at != second {
		t.Errorf("the forge has %s (%v), bob forced %s", at, err, second)
	}
	must(ann.PushTag(ctx, "direct", "origin/main", "a tag\n\nsays\n"))
	tag, err := refIn(made.forgeDir(), "refs/tags/direct")
	must(err)
	_, err = ann.Git(ctx, "tag", "-d", "direct")
	must(err)
	_, err = ann.run(ctx, "a tag\n\nsays\n", "tag", "-a", "--cleanup=verbatim", "-F", "-", "direct", "origin/main")
	must(err)
	if again, err := refIn(ann.gitDir(), "refs/tags/direct"); err != nil || again != tag {
		t.Errorf("git makes tag %s (%v), direct %s", again, err, tag)
	}
	if err := ann.PushTag(ctx, "direct", "origin/main", "another\n"); err == nil {
		t.Error("a tag is made twice")
	}
}

// TestDirectMeetsTheRules: whom a protected branch keeps out over HTTP, it keeps out here.
func TestDirectMeetsTheRules(t *testing.T) {
	made := newTeam(t)
	bob := made.Person("bob")
	if err := made.cfg.Server.Protect("acme/config", gitlabtest.ProtectedBranch{Name: "main"}); err != nil {
		t.Fatal(err)
	}
	if err := bob.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := bob.Commit(t.Context(), Commit{Branch: "main", Start: "origin/main", Files: map[string]string{"a": "1\n"}, Message: "one"}); err != nil {
		t.Fatal(err)
	}
	if err := bob.Push(t.Context(), "main"); err == nil {
		t.Error("bob pushes to a branch to which nobody may")
	}
}
