package provider_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// TestNothingThatIsPrintedByMistakeHasContent: neither as text, nor as base64, nor as a list of bytes.
func TestNothingThatIsPrintedByMistakeHasContent(t *testing.T) {
	const value = "hunter2"
	source := providertest.New(map[string]any{"app.yaml": map[string]any{"token": value}})
	p, err := provider.Open(t.Context(), source.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	raw, _, err := source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := provider.DecodeHead(raw)
	if err != nil {
		t.Fatal(err)
	}
	type holder struct{ Held any }
	type typed struct {
		Token string `sluice:"token"`
	}
	type event struct { // as a program might keep them
		changes provider.Changes
		one     provider.Change
		value   provider.Value
	}
	changes := provider.Between(nil, p.Snapshot().Document)
	kept := event{changes, changes[0], changes[0].New}
	if string(kept.value.JSON()) != `"`+value+`"` {
		t.Errorf("the value is %s", kept.value.JSON())
	}
	binding := bind[typed](t, p)
	for name, x := range map[string]any{
		"a snapshot": p.Snapshot(), "its document": p.Snapshot().Document, "a head": head, "a pointer to a head": &head, "the snapshot in a struct": holder{p.Snapshot()},
		"no snapshot": (*provider.Snapshot)(nil), "no document": (*provider.Document)(nil), "a body": head.Body, "its part": provider.Part{Doc: head.Doc, Inline: head.Inline},
		"a provider": p, "a binding": binding, "a snapshot by value": *p.Snapshot(), "a document by value": *p.Snapshot().Document,
		"changes in a struct": kept, "the same by pointer": &kept, "changes": changes, "a value": kept.value,
		"a canary": provider.Canary{Doc: head.Doc, Inline: head.Inline},
	} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("printed", "x", x)
		slog.New(slog.NewTextHandler(&log, nil)).Info("printed", "x", holder{x})
		text := fmt.Sprintf("%v %+v %#v %s %q %x %d", x, x, x, x, x, x, x) + log.String()
		slog.New(slog.NewJSONHandler(&log, nil)).Info("printed", "x", x, "held", holder{x})
		if data, err := json.Marshal(x); err == nil && !named(x) {
			text += string(data)
		}
		text += log.String()
		for _, leak := range []string{value, fmt.Sprintf("%x", value), strings.Trim(fmt.Sprint([]byte(value)), "[]"), base64.StdEncoding.EncodeToString(raw)[:40], fmt.Sprintf("%#v", []byte(value))[7:30], "{\"files"} {
			if strings.Contains(text, leak) {
				t.Errorf("%s prints %q: %.200s", name, leak, text)
			}
		}
	}
}

// named reports whether the JSON of a type is what is signed, and so has everything.
func named(x any) bool {
	switch x.(type) {
	case provider.Head, *provider.Head, provider.Body, provider.Part, provider.Canary:
		return true
	}
	return false
}
