package schema_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestNothingInValuesIsExpanded: what looks like a template, a variable or a command is published as it was written.
func TestNothingInValuesIsExpanded(t *testing.T) {
	for _, value := range []string{"${HOME}", "$(id)", "{{ .Env.HOME }}", "%{HOME}", "#{1+1}", "`id`", "$HOME", "@file:/etc/passwd"} {
		text := "a: '" + value + "'\n"
		d, ds := schema.NewDocument([]schema.DocumentFile{file("a.yaml", text)})
		if err := ds.Err(); err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		encoded := string(d.Encode())
		if !strings.Contains(encoded, `{"a":"`+value+`"}`) || !strings.Contains(encoded, base64.StdEncoding.EncodeToString([]byte(text))) {
			t.Errorf("%s: published as %s", value, encoded)
		}
	}
}

// TestWhitespaceIsOtherContent: a patch that moves whitespace alone has the id of the patch before, and not its content.
func TestWhitespaceIsOtherContent(t *testing.T) {
	digest := func(text string) schema.Digest {
		data := []byte(text)
		m, err := schema.NewManifest([]schema.File{{Path: "app.yaml", Mode: schema.Regular, Digest: schema.DigestOf(data), Blob: schema.ObjectID(schema.BlobObject, data), Size: int64(len(data))}})
		if err != nil {
			t.Fatal(err)
		}
		return schema.DigestOf(m.Encode())
	}
	before := digest("limits:\n  eu: 5\n")
	for _, text := range []string{"limits:\n    eu: 5\n", "limits:\n  eu:  5\n", "limits:\n  eu: 5\n\n", "limits:\n  eu: 5", "limits:\r\n  eu: 5\r\n"} {
		if digest(text) == before {
			t.Errorf("%q has the digest of other whitespace", text)
		}
	}
}
