package schema

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedactHidesSecretsAndKeepsColumns(t *testing.T) {
	rows := []struct{ line, want string }{
		{`password: hunter2`, `password: *******`},
		{`  db_password: "hün ter2" # old`, `  db_password: ********** # old`},
		{`{token: abc, port: 1}`, `{token: ***, port: 1}`},
		{`"apiKey": 'x,y', a: b`, `"apiKey": *****, a: b`},
		{`url: https://bob:hunter2@host/x`, `url: https://***********@host/x`},
		{`token_file: /run/token`, `token_file: /run/token`},
		{`limit: 5 # token bucket`, `limit: 5 # token bucket`},
	}
	for _, row := range rows {
		got := redact(row.line)
		if got != row.want {
			t.Errorf("redact(%s): got %s, want %s", row.line, got, row.want)
		}
		if utf8.RuneCountInString(got) != utf8.RuneCountInString(row.line) {
			t.Errorf("redact(%s): columns moved", row.line)
		}
	}
}

func TestFindingsDoNotSpreadSecrets(t *testing.T) {
	const canary = "c4n4ry"
	for _, text := range []string{
		"projects:\n  - {repository: \"https://u:c4n4ry@h/x\", token: c4n4ry, anchor: x}\npassword: c4n4ry\n",
		"c4n4ry\n",
		"- c4n4ry\n",
		"projects: [{repository: x, targets: {a: {kind: k, secret: \"c4n4ry\", endpoints: [\"http://u:c4n4ry@h\"], oops: 1}}}]\n",
	} {
		_, ds := LoadOperator("reconciler.yaml", []byte(text))
		var b strings.Builder
		if err := ds.Render(&b, false); err != nil || len(ds) == 0 {
			t.Fatalf("%d findings, %v", len(ds), err)
		}
		if strings.Contains(b.String(), canary) || strings.Contains(ds.Error(), canary) {
			t.Errorf("a secret is in\n%s", b.String())
		}
	}
}
