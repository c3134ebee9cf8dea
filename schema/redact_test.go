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
		{`password: hun,ter}2`, `password: *********`},
		{`db_pw: a`, `db_pw: *`},
		{`auth = a`, `auth = *`},
		{`{passwords: [a, b], c: d}`, `{passwords: *************`},
		{`k: &a hunter2`, `k: &a *******`},
		{`k: &a {b: 1}`, `k: &a {b: 1}`},
		{`- expression: 'kind == "edit" && stage == "gray"'`, `- expression: 'kind == "edit" && stage == "gray"'`},
		{`- secrets: {allow: [x]}`, `- secrets: {allow: [x]}`},
	}
	for _, row := range rows {
		got := redact(ProjectFile, row.line)
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

// TestALineBelowASecretsKeyIsHidden: the line of a finding is the one that the parser names, which may be any part of a value.
func TestALineBelowASecretsKeyIsHidden(t *testing.T) {
	for _, row := range []struct {
		text   string
		n      int
		hidden bool
	}{
		{"password:\n  hunter2\n\tx: 1", 2, true}, {"password:\n  hunter2\n\tx: 1", 3, true}, {"password: # old\n\n  hunter2", 3, true}, {"password: |\n  a\n  b", 3, true},
		{"password: &p\n  hunter2", 2, true}, {"a:\n  passwords:\n  - hunter2\n  - b", 4, true}, {"- password: a\n  b: c", 2, false}, {"password: a\n  b", 2, true},
		{"{\n\"password\":\n\"hunter2\"\n}", 3, true}, {"{\"a\": {\"passwords\": [\n\"hunter2\"\n]}}", 2, true}, {"credentials:\n  db:\n    a: b", 3, true},
		{"password: a\nb: c", 2, false}, {"a:\n  b: c", 2, false}, {"password: a\n\nb:\n  c: d", 4, false}, {"password_file:\n  /run/x", 2, false}, {"secrets:\n  allow: [x]", 2, false},
	} {
		lines := strings.Split(row.text, "\n")
		got := RedactLine(ProjectFile, lines, row.n)
		if hidden := strings.Trim(got, "* \t") == ""; hidden != row.hidden || utf8.RuneCountInString(got) != utf8.RuneCountInString(lines[row.n-1]) {
			t.Errorf("line %d of %q: got %q", row.n, row.text, got)
		}
	}
}

func TestATabIsFoundWhereItIs(t *testing.T) {
	for text, line := range map[string]int{"a:\n  b\n\tx: 1\n": 3, "a:\n  b: 1\n  \tx: 1\n": 3, "a:\n\tb: 1\n": 2} {
		if found := LintFile("app.yaml", []byte(text)); len(found) != 1 || found[0].Position.Line != line {
			t.Errorf("%q: got %+v, want line %d", text, found, line)
		}
	}
}
