package schema_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files of this package")

// TestDiagnosticsReadAsTheGoldenFilesSay renders what is found in testdata/diagnostics. The first word of a file's name says
// which reader takes it.
func TestDiagnosticsReadAsTheGoldenFilesSay(t *testing.T) {
	for _, path := range glob(t, "testdata/diagnostics/*-*.*") {
		if strings.HasSuffix(path, ".golden") {
			continue
		}
		name := filepath.Base(path)
		kind, _, _ := strings.Cut(name, "-")
		data := []byte(read(t, path))
		var found schema.Diagnostics
		switch kind {
		case "project":
			_, found = schema.LoadProject("sluice.yaml", data)
		case "operator":
			_, found = schema.LoadOperator("reconciler.yaml", data)
		case "app":
			found = schema.LintFile(name, data)
		default:
			t.Errorf("%s: no reader is called %s", name, kind)
		}
		var got bytes.Buffer
		if err := found.Render(&got, false); err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			t.Errorf("%s: nothing found", name)
		}
		compareGolden(t, path+".golden", got.Bytes())
	}
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := read(t, path); string(got) != want {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func TestRenderInColourAndWithoutALine(t *testing.T) {
	d := schema.Diagnostic{Position: schema.Position{File: "a.yaml"}, Code: "file-too-large", Message: "big\x1b[2J"}
	var b bytes.Buffer
	if err := d.Render(&b, true); err != nil {
		t.Fatal(err)
	}
	want := "\x1b[1ma.yaml\x1b[0m: \x1b[31merror[file-too-large]\x1b[0m: big\\x1b[2J\n" +
		"   fix:    Split the file, or give it a name that does not end in .yaml, .yml or .json: then it is delivered as plain bytes.\n" +
		"   more:   sluice explain file-too-large\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

func TestWhatIsNotShownIsEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"plain ж 漢 ❤️ é": "plain ж 漢 ❤️ é", "\x1b[2J": `\x1b[2J`, "\u009b31m": `\x9b31m`, "\x9b31m": `\x9b31m`, "a\xffb": `a\xffb`, "\ufffd": "\ufffd",
		"\u202egpj": `\u{202e}gpj`, "pay\u3164": `pay\u{3164}`, "\u034f\u115f": `\u{34f}\u{115f}`, "\U000e0101": `\u{e0101}`, "\u00ad": `\xad`, "a\tb\n": `a\x09b\x0a`,
	} {
		if got := schema.Printable(text); got != want {
			t.Errorf("%q is printed as %q, want %q", text, got, want)
		}
	}
}
