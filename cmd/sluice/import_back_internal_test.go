package main

import (
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAKeyThatWouldNotComeBackIsRefused takes what would be delivered for what was planned and compares it with what was read: no layout
// that import writes differs, so the check is asked about one that does.
func TestAKeyThatWouldNotComeBackIsRefused(t *testing.T) {
	files := []importFile{{App: "pay", Path: "colour", Mode: schema.Regular, Data: []byte("blue")}, {App: "pay", Path: "size", Mode: schema.Regular, Data: []byte("9")}}
	document, found := schema.NewDocument(documentFiles(files))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	r := importRules{project: schema.Project{Layout: schema.DirectoryLayout}, stage: schema.Stage{Name: "staging", Place: "stages/staging"}, as: asFiles}
	release := releaseOf(r, "pay", files, document)
	key := func(name, value string) importKey {
		return importKey{Item: integrations.Item{Place: "etcd:/old/pay/" + name, Value: []byte(value)}, app: "pay", name: name}
	}
	for _, row := range []struct {
		sentence string
		keys     []importKey
		at       []string // findings, by place
	}{
		{"all come back", []importKey{key("colour", "blue"), key("size", "9")}, nil},
		{"another value", []importKey{key("colour", "red"), key("size", "9")}, []string{"etcd:/old/pay/colour"}},
		{"another name", []importKey{key("colour", "blue"), key("width", "9")}, []string{"etcd:/old/pay/width", "stages/staging/pay/size"}},
		{"a key that nobody read", []importKey{key("colour", "blue")}, []string{"stages/staging/pay/size"}},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			var at []string
			for _, d := range unlike(r, "dir", row.keys, release) {
				if d.Code != "import-unlike" {
					t.Errorf("got %s, want import-unlike", d.Code)
				}
				at = append(at, d.Position.File)
			}
			if slices.Sort(at); !slices.Equal(at, row.at) {
				t.Errorf("got findings at %v, want %v", at, row.at)
			}
		})
	}
	release.Manifest = release.Manifest[:1]
	if d := unlike(r, "dir", nil, release); len(d) != 1 || d[0].Code != "import-unlike" {
		t.Errorf("a document with other files: got %v", d)
	}
}
