package gitlabtest

import "testing"

// What sluice writes into notes and descriptions looks as it is meant to.
func TestMarkdown(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"code as HTML keeps its entities", "<code>payments&#47;ledger</code> x", "<code>payments&#47;ledger</code> x"},
		{"code as HTML within a line", "| a | <code>b&#124;c</code> |", "<table><tr><th>a</th><th><code>b&#124;c</code></th></tr></table>"},
		{"a head of empty cells is none", "| | |\n|---|---|\n| a | b |", "<table><tr><td>a</td><td>b</td></tr></table>"},
		{"an empty cell stays one", "| k | v |\n|---|---|\n| `a` |  |", "<table><tr><th>k</th><th>v</th></tr><tr><td><code>a</code></td><td></td></tr></table>"},
		{"indented code", "Look:\n\n    git fetch\n    git log", "<p>Look:</p><pre class=indented>git fetch\ngit log\n</pre>"},
		{"a heading", "#### `a`: waits", "<h3><code>a</code>: waits</h3>"},
		{"other tags are text", "x <b onclick=1>y</b>", "<p>x &lt;b onclick=1&gt;y&lt;/b&gt;</p>"},
		{"an entity makes no tag", "&lt;script&gt;", "<p>&lt;script&gt;</p>"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := string(markdown(row.text)); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}
