package schema_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func TestWitnessKeysAreReadAsTheyAreWritten(t *testing.T) {
	key := witness("witness.example/w1", 1)
	text := key.String()
	got, err := schema.ParseWitnessKey(text)
	if err != nil || got.Name != key.Name || !got.Key.Equal(key.Key) || got.String() != text {
		t.Errorf("%s: read as %v, %v", text, got, err)
	}
	name, rest, _ := strings.Cut(text, "+")
	hash, data, _ := strings.Cut(rest, "+")
	for what, bad := range map[string]string{
		"nothing":                "",
		"no hash":                name + "+" + data,
		"another hash":           name + "+00000000+" + data,
		"another name":           "x" + text,
		"no name":                "+" + rest,
		"a name with a space":    "a b+" + rest,
		"a name with a newline":  "a\nb+" + rest,
		"a key that is too long": name + "+" + hash + "+AAAA" + data,
		"no base64":              name + "+" + hash + "+!" + data,
		"a plain note key":       "witness.example/w1+6d1c1f0e+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
	} {
		if got, err := schema.ParseWitnessKey(bad); err == nil {
			t.Errorf("%s: %q read as %v", what, bad, got)
		}
	}
}

func FuzzWitnessKey(f *testing.F) {
	f.Add(witness("witness.example/w1", 1).String())
	f.Add("a+00000000+BA==")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := schema.ParseWitnessKey(text)
		if err == nil && key.String() != text {
			t.Errorf("%q was read as %q", text, key)
		}
	})
}
