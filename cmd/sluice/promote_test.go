package main

import (
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
