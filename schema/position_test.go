package schema_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestPositionsCountRunes: editors jump to these places, whatever stands before them.
func TestPositionsCountRunes(t *testing.T) {
	rows := []struct{ name, file, text, want string }{
		{"Windows line ends", "a.yaml", "a: 1\r\nb: 2\r\na: 3\r\n", "a.yaml:3:1"},
		{"wide letters before", "a.yaml", "日本: {a: 1, a: 2}\n", "a.yaml:1:12"},
		{"a byte order mark", "a.yaml", "\ufeffa: 1\na: 2\n", "a.yaml:2:1"},
		{"a byte order mark on the same line", "a.yaml", "\ufeff{a: 1, a: 2}\n", "a.yaml:1:8"},
		{"Windows line ends in JSON", "a.json", "{\r\n \"é\": 1,\r\n \"é\": 2}", "a.json:3:2"},
		{"wide letters before in JSON", "a.json", "{\"日本\": 1, \"日本\": 2}", "a.json:1:11"},
		{"an error at the end of JSON", "a.json", "{\"a\": 1", "a.json:1:7"},
		{"a NUL behind Windows line ends", "a.yaml", "a: 1\r\nb: \x00", "a.yaml:2:4"},
	}
	for _, row := range rows {
		ds := schema.LintFile(row.file, []byte(row.text))
		if len(ds) == 0 || ds[0].Position.String() != row.want {
			t.Errorf("%s: got %v, want %s", row.name, ds.Err(), row.want)
		}
	}
}
