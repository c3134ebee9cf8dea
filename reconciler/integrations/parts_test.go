package integrations_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// pattern is the document of the vectors: byte i is (7i + 3) mod 251.
func pattern(size int) []byte {
	out := make([]byte, size)
	for i := range out {
		out[i] = byte((7*i + 3) % 251)
	}
	return out
}

// TestPartVectors holds the layout to testdata/parts.json, which other readers test themselves with.
func TestPartVectors(t *testing.T) {
	type vector struct {
		Size     int    `json:"size"` // of the document; its byte i is (7i + 3) mod 251
		Manifest string `json:"manifest"`
	}
	var got []vector
	for _, size := range []int{1, integrations.PartSize - 1, integrations.PartSize, integrations.PartSize + 1, 3*integrations.PartSize + 17} {
		list, parts := integrations.CutDocument(pattern(size))
		text, err := list.Encode()
		if err != nil || len(parts) != integrations.CountParts(size) {
			t.Fatalf("%d bytes: %d parts, %v", size, len(parts), err)
		}
		got = append(got, vector{size, string(text)})
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile("testdata/parts.json", text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/parts.json")
	if err != nil || !bytes.Equal(want, text) {
		t.Errorf("the vectors differ (%v); with -update they are rewritten:\n%s", err, text)
	}
}

func TestOnlyTheDocumentOfTheHeadIsJoined(t *testing.T) {
	document := pattern(2*integrations.PartSize + 5)
	_, parts := integrations.CutDocument(document)
	body := integrations.NewBody(release(3, string(document)), false)
	body.Blobs = len(parts)
	if got, err := body.JoinParts(parts); err != nil || !bytes.Equal(got, document) {
		t.Fatalf("the parts do not give the document: %v", err)
	}
	changed := bytes.Clone(parts[1])
	changed[9]++
	for what, bad := range map[string][][]byte{
		"one is missing":       parts[:2],
		"one is another":       {parts[0], changed, parts[2]},
		"two are exchanged":    {parts[1], parts[0], parts[2]},
		"one is there twice":   {parts[0], parts[1], parts[2], parts[2]},
		"they are cut another": {parts[0], append(bytes.Clone(parts[1]), parts[2]...)},
		"none":                 nil,
	} {
		if _, err := body.JoinParts(bad); !errors.Is(err, integrations.ErrHead) {
			t.Errorf("%s: got %v, want ErrHead", what, err)
		}
	}
}
