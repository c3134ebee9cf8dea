package diff_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/diff"
)

func TestMask(t *testing.T) {
	for _, row := range []struct {
		sentence         string
		file, key, value string
		want             string
	}{
		{"a limit", "app.yaml", "limits.max", "5", "5"},
		{"a password", "app.yaml", "db.password", `"hunter2"`, diff.Hidden},
		{"one in several files", "app.yaml", "app.yaml: db.dbPassword", `"hunter2"`, diff.Hidden},
		{"a token with a list below it", "app.yaml", "api.token.0", `"t"`, diff.Hidden},
		{"an API key in capitals", "app.yaml", "API_KEY", `"k"`, diff.Hidden},
		{"a name with dots", "app.yaml", `"my.secret"`, `"k"`, diff.Hidden},
		{"a number of tokens is no secret", "app.yaml", "limits.maxTokens", "5", "5"},
		{"nor is how long one lives", "app.yaml", "tokenLifetime", `"5m"`, `"5m"`},
		{"a file that is called so has no keys", "token", "token", "sha256:0123456789ab", "sha256:0123456789ab"},
		{"credentials in a URL", "app.yaml", "database", `"postgres://app:pw@db/x"`, `"postgres://(hidden)@db/x"`},
		{"a private key under any name", "app.yaml", "tls", `"-----BEGIN EC PRIVATE KEY-----\nMHc"`, diff.Hidden},
		{"a token under a name that says nothing", "app.yaml", "note", `"Server=h;Password=hunter"`, diff.Hidden},
		{"a plural is a number of them", "app.yaml", "api.tokens", "5", "5"},
		{"or several", "app.yaml", "api.tokens.0", `"t"`, diff.Hidden},
		{"nothing stays nothing", "app.yaml", "password", "", ""},
	} {
		edits := diff.Mask([]diff.Edit{{Op: "replace", File: row.file, Key: row.key, From: row.value, To: row.value}})
		if edits[0].From != row.want || edits[0].To != row.want {
			t.Errorf("%s: got %q and %q, want %q", row.sentence, edits[0].From, edits[0].To, row.want)
		}
	}
}

// TestTheNameBesideAValueIsLookedAt: also if it is what changes.
func TestTheNameBesideAValueIsLookedAt(t *testing.T) {
	files := func(text string) map[string][]byte { return map[string][]byte{"app.yaml": []byte(text)} }
	secret, log := files("env: [{name: DB_PASSWORD, value: abc}]\n"), files("env: [{name: LOG, value: def}]\n")
	for _, row := range []struct {
		sentence string
		from, to map[string][]byte
		want     string
	}{
		{"a password", secret, files("env: [{name: DB_PASSWORD, value: def}]\n"), "(hidden) (hidden)"}, {"what was one", secret, log, "(hidden) (hidden)"}, {"what becomes one", log, secret, "(hidden) (hidden)"},
		{"what comes", nil, secret, " (hidden)"}, {"what goes", secret, nil, "(hidden) "}, {"a level", log, files("env: [{name: LOG, value: ghi}]\n"), `"def" "ghi"`},
	} {
		edits, _ := diff.Keys(row.from, row.to)
		got := "no such key differs"
		for _, e := range diff.Mask(edits) {
			if e.Pointer == "/env/0/value" {
				got = e.From + " " + e.To
			}
		}
		if got != row.want {
			t.Errorf("%s: %s, want %s", row.sentence, got, row.want)
		}
	}
	for pointer, want := range map[string]string{"/env/0/value": diff.Hidden, "/db/password": diff.Hidden, "/limits/max": "5", "": "5"} {
		if got := diff.Hide(pointer, "5"); got != want {
			t.Errorf("alone, at %q: %s", pointer, got)
		}
	}
}
