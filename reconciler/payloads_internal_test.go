package reconciler

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/schema"
)

// Documents that are made side by side are those that are made one by one, each beside its own files; what has none is left out.
func TestDocumentsSideBySide(t *testing.T) {
	const bad = 17
	var found []unparsed
	for n := range 100 {
		text := fmt.Appendf(nil, "number: %d\n", n)
		if n == bad {
			text = []byte("a: [\n")
		}
		manifest := schema.Manifest{{Path: "app.yaml", Mode: schema.Regular, Digest: schema.DigestOf(text)}}
		found = append(found, unparsed{name: schema.DigestOf(manifest.Encode()), manifest: manifest, files: map[string][]byte{"app.yaml": text}})
	}
	parseAll(found)
	for n, c := range found {
		want, misfit := newPayload(c.manifest, c.files)
		if (misfit != nil) != (n == bad) {
			t.Fatalf("%d: got misfit %v", n, misfit)
		}
		if n == bad {
			if c.payload != nil {
				t.Errorf("%d: got %q, want no document", n, c.payload.document)
			}
			continue
		}
		if c.payload == nil {
			t.Fatalf("%d: got no document", n)
		}
		if diff := cmp.Diff(string(want.document), string(c.payload.document)); diff != "" || want.doc != c.payload.doc {
			t.Errorf("%d: document differs (-want +got):\n%s", n, diff)
		}
	}
}
