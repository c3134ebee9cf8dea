package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestRedacted(t *testing.T) {
	for _, row := range []struct{ url, want string }{
		{"https://example.com/a.git", "https://example.com/a.git"},
		{"https://ann:secret@example.com/a.git", "https://example.com/a.git"},
		{"https://secret@example.com/a.git", "https://example.com/a.git"},
		{"https://ann:se@cret@example.com/a.git", "https://example.com/a.git"},
		{"https://example.com/a@b.git", "https://example.com/a@b.git"},
		{"https://example.com/a.git?private_token=secret", "https://example.com/a.git"},
		{"https://example.com/a.git#secret", "https://example.com/a.git"},
		{"https://example.com?private_token=a/b@secret", "https://example.com"},
		{"git@example.com:a.git", "git@example.com:a.git"},
		{"/srv/a.git", "/srv/a.git"},
	} {
		if got := redacted(row.url); got != row.want {
			t.Errorf("%s: got %s, want %s", row.url, got, row.want)
		}
	}
}

func TestVisible(t *testing.T) {
	var out strings.Builder
	text := "{\"a\":\"x\u009b\u202e\U000e0041\x7f é\U0001f600\u2028\"}\n"
	if n, err := (visible{&out}).Write([]byte(text)); n != len(text) || err != nil {
		t.Errorf("wrote %d of %d bytes: %v", n, len(text), err)
	}
	if want := `{"a":"x\u009b\u202e\udb40\udc41\u007f é` + "\U0001f600" + `\u2028"}` + "\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	var value map[string]string
	if err := json.Unmarshal([]byte(out.String()), &value); err != nil || value["a"] != "x\u009b\u202e\U000e0041\x7f é\U0001f600\u2028" {
		t.Errorf("reads as %q: %v", value, err)
	}
}

func TestPersonID(t *testing.T) {
	for _, row := range []struct{ email, want string }{
		{"ann@example.com", "ann"}, {"Ann.Lee@example.com", "ann-lee"}, {"ann+git@example.com", "ann-git"},
		{"_ann_@example.com", "ann"}, {"@example.com", ""}, {"", ""}, {"ünn@example.com", "nn"},
	} {
		if got := personID(row.email); got != row.want {
			t.Errorf("%q: got %q, want %q", row.email, got, row.want)
		}
	}
}

func TestFirstParentSteps(t *testing.T) {
	for _, row := range []struct {
		rev   string
		name  string
		steps int
		ok    bool
	}{
		{"main", "main", 0, true}, {"main~", "main", 1, true}, {"HEAD~20", "HEAD", 20, true}, {"~2", "", 2, true},
		{"main~x", "", 0, false}, {"main~-1", "", 0, false}, {"main~1~2", "", 0, false}, {"main~99999999999", "", 0, false},
	} {
		name, steps, err := firstParentSteps(row.rev)
		if name != row.name || steps != row.steps || (err == nil) != row.ok {
			t.Errorf("%s: got %q, %d, %v; want %q, %d, ok %t", row.rev, name, steps, err, row.name, row.steps, row.ok)
		}
	}
}

func TestResolveName(t *testing.T) {
	a, b := hash('a'), hash('b')
	refs := map[string]schema.Hash{"refs/heads/main": a, "refs/remotes/origin/main": b, "refs/remotes/origin/stage/gray": b, "refs/tags/v1": a}
	for _, row := range []struct {
		name string
		want schema.Hash
		ok   bool
	}{
		{"main", a, true}, {"origin/main", b, true}, {"stage/gray", b, true}, {"v1", a, true}, {"refs/heads/main", a, true},
		{b.String(), b, true}, {b.String()[:8], b, true}, {b.String()[:6], schema.Hash{}, false}, {"nope", schema.Hash{}, false},
	} {
		got, err := resolveName(refs, row.name)
		if got != row.want || (err == nil) != row.ok {
			t.Errorf("%s: got %s, %v; want %s, ok %t", row.name, got, err, row.want, row.ok)
		}
	}
}

func hash(digit byte) schema.Hash {
	text := make([]byte, 40)
	for i := range text {
		text[i] = digit
	}
	id, err := schema.ParseHash(string(text))
	if err != nil {
		panic(err)
	}
	return id
}

func TestSealedText(t *testing.T) {
	cell := func(stage schema.StageName, app schema.App, revision string) ledger.SealedCell {
		return ledger.SealedCell{Stage: stage, App: app, Revision: schema.Revision(revision)}
	}
	for _, row := range []struct {
		name  string
		cells []ledger.SealedCell
		want  string
	}{
		{"nothing", nil, "an empty project: no stage holds an app yet"},
		{"one app", []ledger.SealedCell{cell("testing", "shop", "1")}, "1 app in 1 stage"},
		{"the same everywhere", []ledger.SealedCell{cell("testing", "shop", "1"), cell("gray", "shop", "1")}, "1 app in 2 stages"},
		{"two that differ", []ledger.SealedCell{cell("testing", "shop", "1"), cell("gray", "shop", "2"), cell("testing", "pay", "1"), cell("gray", "pay", "3")},
			"2 apps in 2 stages; not the same in all of them: pay, shop"},
	} {
		if got := sealedText(row.cells); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

func TestProjectsOfOneGitLabShareABudget(t *testing.T) {
	shared := budgets{}
	one := shared.of("https://gitlab.example.com")
	if one == nil || shared.of("HTTPS://GitLab.example.com/api/v4") != one {
		t.Error("want one budget for one GitLab, however its address is written")
	}
	if shared.of("https://gitlab.example.org") == one {
		t.Error("want another budget for another GitLab")
	}
}
