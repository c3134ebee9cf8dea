package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/schema"
)

func TestRefusedLoginIsNoOutage(t *testing.T) {
	for text, want := range map[string]int{
		"git fetch: Authentication failed for 'https://git.example.com/a.git/'":                                            exitForbidden,
		"git fetch: remote: HTTP Basic: Access denied":                                                                     exitForbidden,
		"git fetch: git@git.example.com: Permission denied (publickey).":                                                   exitForbidden,
		"git fetch: unable to access 'https://git.example.com/a.git/': The requested URL returned error: 403":              exitForbidden,
		"git fetch: unable to access 'http://127.0.0.1:1/x.git/': Failed to connect to 127.0.0.1 port 1: Couldn't connect": exitUnavailable,
	} {
		if got := exitCode(noAccess(errors.New(text), "origin")); got != want {
			t.Errorf("%s: exit %d, want %d", text, got, want)
		}
	}
}

// git itself hides what stands before the host, and shows what stands behind the path.
func TestWhatGitSaidShowsNoToken(t *testing.T) {
	for said, want := range map[string]string{
		"fatal: unable to access 'https://h:1/a.git?private_token=t0ken/': Failed to connect to h port 1": "unable to access 'https://h:1/a.git': Failed to connect to h port 1",
		"fatal: Authentication failed for 'https://ann:t0ken@h/a.git/'":                                   "Authentication failed for 'https://h/a.git/'",
		"To https://h/a.git?private_token=t0ken\n ! [rejected] x -> y (fetch first)":                      "To https://h/a.git\n! [rejected] x -> y (fetch first)",
		`fatal: repository "https://h/a.git#t0ken" not found`:                                             `repository "https://h/a.git" not found`,
		"fatal: '/srv/a.git' does not appear to be a git repository":                                      "'/srv/a.git' does not appear to be a git repository",
	} {
		if got := gitSaid(said, errors.New("exit status 128")).Error(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", said, got, want)
		}
	}
}

// A remote may be named by its address; what to do next repeats it.
func TestHintsShowNoToken(t *testing.T) {
	const remote = "https://ann:t0ken@h/a.git?private_token=t0ken"
	commit, draft := schema.Hash{}, reconciler.Draft{}
	for name, err := range map[string]error{
		"no access":  noAccess(errors.New("no route"), remote),
		"not pushed": notPushed(errors.New("no route"), proposeFlags{remote: remote}, commit, draft),
		"refused":    notPushed(errors.New("[remote rejected]"), proposeFlags{remote: remote}, commit, draft),
	} {
		var told *failure
		if !errors.As(err, &told) || !strings.Contains(told.hint, "https://h/a.git") || strings.Contains(told.hint, "t0ken") {
			t.Errorf("%s: hint %q", name, told.hint)
		}
	}
}
