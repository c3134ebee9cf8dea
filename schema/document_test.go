package schema_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/schema"
)

func file(path, text string) schema.DocumentFile {
	return schema.DocumentFile{Path: path, Mode: schema.Regular, Data: []byte(text)}
}

func TestDocumentIsCanonical(t *testing.T) {
	d, ds := schema.NewDocument([]schema.DocumentFile{
		file("b.json", `{"z": 1.10, "a": ["<&>", null, true, 1e999], "é": "\u2028\u0001"}`),
		file("a.yaml", "x: &x {n: 12345678901234567890}\ny: *x\nt: 2026-11-23\nempty:\nno: no\ntext: !!str 1\n"),
		file("c.txt", "héllo\n"),
	})
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	want := `{"files":{"a.yaml":{"base64":"eDogJngge246IDEyMzQ1Njc4OTAxMjM0NTY3ODkwfQp5OiAqeAp0OiAyMDI2LTExLTIzCmVtcHR5Ogpubzogbm8KdGV4dDogISFzdHIgMQo=","mode":"100644"},` +
		`"b.json":{"base64":"eyJ6IjogMS4xMCwgImEiOiBbIjwmPiIsIG51bGwsIHRydWUsIDFlOTk5XSwgIsOpIjogIlx1MjAyOFx1MDAwMSJ9","mode":"100644"},` +
		`"c.txt":{"base64":"aMOpbGxvCg==","mode":"100644"}},` +
		`"values":{"a.yaml":{"empty":null,"no":"no","t":"2026-11-23","text":"1","x":{"n":12345678901234567890},"y":{"n":12345678901234567890}},` +
		"\"b.json\":{\"a\":[\"<&>\",null,true,1e999],\"z\":1.10,\"é\":\"\u2028\\u0001\"}}}"
	if got := string(d.Encode()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !json.Valid(d.Encode()) {
		t.Error("not JSON")
	}
}

// A document has the places of its values, whichever way its files were parsed.
func TestDocumentHasTheLeavesOfItsFiles(t *testing.T) {
	for _, text := range []string{"# c\na: 1\nb:\n  - c: 'd'\n  - e\n", "a: {b: 1}\nc: |\n  d\n"} {
		document, found := schema.NewDocument([]schema.DocumentFile{{Path: "a.yaml", Mode: schema.Regular, Data: []byte(text)}})
		want, more := schema.Flatten("a.yaml", []byte(text))
		if len(found)+len(more) > 0 || len(want) < 2 {
			t.Fatalf("%q: %d leaves, %v %v", text, len(want), found, more)
		}
		if diff := cmp.Diff(want, document.Flatten("a.yaml")); diff != "" {
			t.Errorf("%q (-file +document):\n%s", text, diff)
		}
	}
}

func TestFlattenNamesLeavesByPointer(t *testing.T) {
	leaves, ds := schema.Flatten("a.yaml", []byte("limits:\n  maxTransfer: 8000\n  a/b~c: [1.10, '1', {}]\n"))
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"/limits/maxTransfer": "8000", "/limits/a~1b~0c/0": "1.10", "/limits/a~1b~0c/1": `"1"`, "/limits/a~1b~0c/2": "{}",
	}
	if len(leaves) != len(want) {
		t.Errorf("got %v", leaves)
	}
	for pointer, value := range want {
		if leaves[pointer].Value != value {
			t.Errorf("%s: got %s, want %s", pointer, leaves[pointer].Value, value)
		}
	}
	if got := leaves["/limits/maxTransfer"].Position.String(); got != "a.yaml:2:16" {
		t.Errorf("position: got %s", got)
	}
	if leaves, ds := schema.Flatten("a.txt", []byte("{")); leaves != nil || ds != nil {
		t.Errorf("a file of bytes: got %v, %v", leaves, ds)
	}
}
