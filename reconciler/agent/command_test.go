package agent

import (
	"strings"
	"testing"
)

func TestParseCommand(t *testing.T) {
	for _, row := range []struct {
		line  string
		shell bool
		want  string
	}{
		{`nginx -t -c {dir}/nginx.conf`, false, `nginx|-t|-c|{dir}/nginx.conf`},
		{"  a\t'b c' \"d 'e'\" '' f\"g h\"i", false, `a|b c|d 'e'||fg hi`},
		{`echo $HOME; rm -rf *`, false, `echo|$HOME;|rm|-rf|*`},
		{`echo $HOME; true`, true, `sh|-c|echo $HOME; true`},
		{`grep -q bad {dir}/f && exit 1; exit 0`, true, `error: {dir} is not replaced for a shell: write "$SLUICE_DIR"`},
		{`a 'b`, false, `error: a 'b: the quote ' does not end`},
		{` `, false, `error: no command`},
		{` `, true, `error: no command`},
	} {
		c, err := ParseCommand(row.line, row.shell)
		got := strings.Join(c.Argv, "|")
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != row.want {
			t.Errorf("%q: got %q, want %q", row.line, got, row.want)
		}
	}
}
