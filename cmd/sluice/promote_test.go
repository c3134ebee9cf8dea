package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestGitLabIsReadFromTheRemote(t *testing.T) {
	for remote, want := range map[string][2]string{
		"https://git.example.com/acme/config.git":          {"https://git.example.com", "acme/config"},
		"https://ann:x@git.example.com:8443/acme/a/config": {"https://git.example.com:8443", "acme/a/config"},
		"http://127.0.0.1:8080/acme/config.git":            {"http://127.0.0.1:8080", "acme/config"},
		"git@git.example.com:acme/config.git":              {"https://git.example.com", "acme/config"},
		"git.example.com:acme/config.git":                  {"https://git.example.com", "acme/config"},
		"ssh://git@git.example.com:2222/acme/config.git":   {"https://git.example.com", "acme/config"},
		"/srv/git/config.git":                              {"", ""},
		"../config.git":                                    {"", ""},
		"file:///srv/git/config.git":                       {"", ""},
	} {
		if home, project := homeOf(remote); home != want[0] || project != want[1] {
			t.Errorf("%s: got %q and %q, want %q", remote, home, project, want)
		}
	}
}

// TestHowFarAProposalIs: what the ledger says while it is waited.
func TestHowFarAProposalIs(t *testing.T) {
	draft := reconciler.Draft{Revision: "sha256:aa"}
	at := func(seq int64, rev schema.Revision, live bool) ledger.State {
		a := ledger.Admission{Seq: seq, Revision: rev}
		if live {
			a.LiveAt = time.Unix(1, 0)
		}
		return ledger.State{Admitted: a}
	}
	held := func(o schema.Outcome, rev schema.Revision) ledger.State {
		s := at(5, "sha256:bb", true)
		s.Held = &ledger.Held{Change: schema.Change{To: schema.Side{Revision: rev}}, Verdict: schema.Verdict{Outcome: o, Code: "soak"}}
		return s
	}
	for _, r := range []struct {
		sentence string
		state    ledger.State
		want     string
		says     string
	}{
		{"nothing happened", at(5, "sha256:bb", true), "waiting", "not merged yet"},
		{"it was there before", at(5, "sha256:aa", true), "waiting", "not merged yet"},
		{"admitted", at(6, "sha256:aa", false), "waiting", "entry #6 and not live"},
		{"live", at(6, "sha256:aa", true), "live", ""},
		{"something else came", at(6, "sha256:cc", true), "waiting", "not merged yet"},
		{"merged and held", held(schema.Hold, "sha256:aa"), "waiting", "held [soak]"},
		{"denied", held(schema.Deny, "sha256:aa"), "denied", "denied [soak]"},
		{"something else is held", held(schema.Deny, "sha256:cc"), "waiting", "not merged yet"},
	} {
		if got, why := became(r.state, draft, 5); got != r.want || !strings.Contains(why, r.says) {
			t.Errorf("%s: got %s, %q, want %s, %q", r.sentence, got, why, r.want, r.says)
		}
	}
}

// TestWaitingGoesOn: only an end, or an error that lasts, ends it before its time.
func TestWaitingGoesOn(t *testing.T) {
	away := &failure{code: exitUnavailable, err: errors.New("connection refused")}
	for _, r := range []struct {
		sentence string
		state    string
		err      error
		left     time.Duration
		want     bool
	}{
		{"it is not merged yet", "waiting", nil, time.Second, false},
		{"the server is away for a while", "", away, time.Second, false},
		{"the server is away at the end", "", away, 0, true},
		{"the login is refused", "", &failure{code: exitForbidden, err: errors.New("denied")}, time.Second, true},
		{"the time is over", "waiting", nil, 0, true},
		{"it is live", "live", nil, time.Second, true},
		{"it is denied", "denied", nil, time.Second, true},
		{"its branch is gone", "closed", nil, time.Second, true},
	} {
		if got := over(r.state, r.err, r.left); got != r.want {
			t.Errorf("%s: got %t, want %t", r.sentence, got, r.want)
		}
	}
}

// TestWhyAPushFailed: git says it in words, and each asks for something else of the user.
func TestWhyAPushFailed(t *testing.T) {
	for _, r := range []struct {
		sentence, said string
		want           int
	}{
		{"the connection is lost", "unable to access 'https://git.example.com/a.git/': Failed to connect to git.example.com port 443", exitUnavailable},
		{"the server hangs up", "the remote end hung up unexpectedly", exitUnavailable},
		{"the server is ill", "RPC failed; HTTP 503 curl 22 The requested URL returned error: 503", exitUnavailable},
		{"somebody was faster", "To origin\n ! [rejected]        1234abcd -> sluice/promote/gray/a/1 (fetch first)\nfailed to push some refs to 'origin'", exitConflict},
		{"it went another way", " ! [rejected]        1234abcd -> x (non-fast-forward)", exitConflict},
		{"the lease is stale", " ! [rejected]        1234abcd -> x (stale info)", exitConflict},
		{"two pushes at a time", " ! [remote rejected] 1234abcd -> x (cannot lock ref 'refs/heads/x': reference already exists)", exitConflict},
		{"the login is refused", "Authentication failed for 'https://git.example.com/a.git/'", exitForbidden},
		{"the key is refused", "git@git.example.com: Permission denied (publickey).\nCould not read from remote repository.", exitForbidden},
		{"the branch is protected", "remote: GitLab: You are not allowed to push code to protected branches on this project.\n ! [remote rejected] 1 -> x (pre-receive hook declined)", exitForbidden},
		{"a hook refuses", " ! [remote rejected] 1 -> x (pre-receive hook declined)", exitForbidden},
		{"the project is not seen", "repository 'https://git.example.com/a.git/' not found", exitForbidden},
	} {
		if got := exitCode(notPushed(fmt.Errorf("git push: %s", r.said), proposeFlags{remote: "origin"}, schema.Hash{}, reconciler.Draft{})); got != r.want {
			t.Errorf("%s: exit %d, want %d", r.sentence, got, r.want)
		}
	}
}

// TestADescriptionAsAPushOption: one line for git, lines for GitLab, and none that the text did not have.
func TestADescriptionAsAPushOption(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "",
		"one\n\n    two\n":  `one\n\n    two\n`,
		`a key is "x\n# y"`: `a key is "x\ n# y"`,
	} {
		if got := optionText(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := optionText(strings.Repeat("0123456789\n", 10_000)); len(got) > 64<<10 || !strings.HasSuffix(got, `9\n`) {
		t.Errorf("a long text: %d bytes, ends with %q", len(got), got[len(got)-5:])
	}
}
