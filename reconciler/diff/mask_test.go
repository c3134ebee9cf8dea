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
		{"nothing stays nothing", "app.yaml", "password", "", ""},
	} {
		edits := diff.Mask([]diff.Edit{{Op: "replace", File: row.file, Key: row.key, From: row.value, To: row.value}})
		if edits[0].From != row.want || edits[0].To != row.want {
			t.Errorf("%s: got %q and %q, want %q", row.sentence, edits[0].From, edits[0].To, row.want)
		}
	}
}
