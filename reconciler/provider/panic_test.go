package provider_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// tls is a type whose Validate forgets that what is optional may be missing.
type tls struct {
	Cert *string `sluice:"cert"`
}

func (t tls) Validate() error {
	if *t.Cert == "" {
		return errors.New("empty")
	}
	return nil
}

// fragile panics with the value.
type fragile string

func (f *fragile) UnmarshalText(text []byte) error {
	if string(text) == "hunter2" {
		panic("hunter2")
	}
	*f = fragile(text)
	return nil
}

// TestAProgramThatPanicsRejects: a release at which the program's own code panics is one that it does not take, and what it
// panicked with is not repeated.
func TestAProgramThatPanicsRejects(t *testing.T) {
	type config struct {
		TLS  tls     `sluice:"tls"`
		Text fragile `sluice:"text"`
	}
	good := map[string]any{"tls": map[string]any{"cert": "x"}, "text": "x"}
	for _, row := range []struct {
		sentence string
		values   map[string]any
		want     string
	}{
		{"Validate panics", map[string]any{"tls": map[string]any{}, "text": "x"}, "app.yaml: tls: Validate of provider_test.tls panicked"},
		{"UnmarshalText panics", map[string]any{"tls": good["tls"], "text": "hunter2"}, "app.yaml: text: UnmarshalText of provider_test.fragile panicked"},
	} {
		says := func(where string, err error) {
			t.Helper()
			if !errors.Is(err, provider.ErrRejected) || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s, %s: got %v, want %q", row.sentence, where, err, row.want)
			}
		}
		source := providertest.New(map[string]any{"app.yaml": good})
		p := open(t, source.Options())
		b := bind[config](t, p)
		source.Set(map[string]any{"app.yaml": row.values})
		says("a new release", p.Refresh(t.Context()))
		if b.Load().Text != "x" || p.Snapshot().Seq() != 1 {
			t.Errorf("%s: entry %d runs", row.sentence, p.Snapshot().Seq())
		}
		source.Set(map[string]any{"app.yaml": good})
		if err := p.Refresh(t.Context()); err != nil {
			t.Errorf("%s: afterwards: %v", row.sentence, err)
		}

		source.Set(map[string]any{"app.yaml": row.values})
		p = open(t, source.Options())
		_, err := provider.Bind[config](p)
		says("Bind", err)
		opts := source.Options()
		opts.Check = provider.Fits[config]()
		_, err = provider.Open(t.Context(), opts)
		says("Fits", err)
	}
	_, err := provider.Get[fragile](open(t, providertest.New(map[string]any{"app.yaml": map[string]any{"text": "hunter2"}}).Options()).Snapshot(), "app.yaml", "text")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Get: %v", err)
	}
}
