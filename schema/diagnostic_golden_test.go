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
