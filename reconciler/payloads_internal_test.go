package reconciler

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/schema"
)

// Documents that are made side by side are those that are made one by one, each beside its own files; what has none is left out.
func TestDocumentsSideBySide(t *testing.T) {
	const bad = 17
	type content struct {
		manifest schema.Manifest
		files    map[string][]byte
	}
	var contents []content
	for n := range 100 {
		text := fmt.Appendf(nil, "number: %d\n", n)
		if n == bad {
			text = []byte("a: [\n")
		}
		manifest := schema.Manifest{{Path: "app.yaml", Mode: schema.Regular, Digest: schema.DigestOf(text)}}
		contents = append(contents, content{manifest, map[string][]byte{"app.yaml": text}})
	}
	made := makeAll(contents, func(c content) (payload, error) {
		one, misfit := newPayload(c.manifest, c.files)
		if misfit != nil {
			return payload{}, misfit
		}
		return one, nil
	})
	for n, c := range contents {
		want, misfit := newPayload(c.manifest, c.files)
		if (misfit != nil) != (n == bad) {
			t.Fatalf("%d: got misfit %v", n, misfit)
		}
		if n == bad {
			if made[n] != nil {
				t.Errorf("%d: got %q, want no document", n, made[n].document)
			}
			continue
		}
		if made[n] == nil {
			t.Fatalf("%d: got no document", n)
		}
		if diff := cmp.Diff(string(want.document), string(made[n].document)); diff != "" || want.doc != made[n].doc {
			t.Errorf("%d: document differs (-want +got):\n%s", n, diff)
		}
	}
}

// Where there are two processors, two documents are under way at a time: each waits for the other here.
func TestDocumentsAreMadeTogether(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	here := make(chan bool)
	made := makeAll([]bool{true, false}, func(first bool) (bool, error) {
		patience := time.After(time.Minute)
		if first {
			select {
			case here <- true:
				return true, nil
			case <-patience:
			}
		} else {
			select {
			case <-here:
				return true, nil
			case <-patience:
			}
		}
		return false, errors.New("the other one did not come")
	})
	for i, one := range made {
		if one == nil {
			t.Errorf("%d waited for the other", i)
		}
	}
}
