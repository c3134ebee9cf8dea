package provider_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

type Base struct {
	Name  string `sluice:"name"`
	Level int    `sluice:"level" default:"3"`
}

type own interface{ secret() }

type hidden struct {
	Name string `sluice:"name"`
}

type Selfish struct {
	*Selfish
	Name string `sluice:"name"`
}

// TestEmbedded: what is embedded is part of the struct, by value and by pointer, unless a tag gives it a name.
func TestEmbedded(t *testing.T) {
	type byValue struct {
		Base
		Port int `sluice:"port"`
	}
	type byPointer struct {
		*Base
		Port int `sluice:"port"`
	}
	type named struct {
		Base `json:"base"`
		Port int `sluice:"port"`
	}
	type options struct {
		Base `json:",omitempty"`
		Port int `sluice:"port"`
	}
	type text struct {
		provider.Secret
		own
		Port int `sluice:"port"`
	}
	flat, deep := `{"name":"n","port":1}`, `{"base":{"name":"n"},"port":1}`
	check(t, "by value", flat, byValue{Base{"n", 3}, 1})
	check(t, "by pointer", flat, byPointer{&Base{"n", 3}, 1})
	check(t, "with a name", deep, named{Base{"n", 3}, 1})
	check(t, "with options alone", flat, options{Base{"n", 3}, 1})
	check(t, "what has no parts", `{"Secret":"s","port":1}`, text{provider.NewSecret("s"), nil, 1})
	for _, row := range []struct {
		sentence, text string
		into           func(*provider.Document) error
		want           string
	}{
		{"a key of what is embedded by pointer", `{"port":1}`, of[byPointer], "name: missing"},
		{"a name that is not there", flat, of[named], "base.name: missing"},
		{"what has no parts", flat, of[text], "Secret: missing"},
		{"an unexported type by pointer", flat, of[struct{ *hidden }], "field hidden of struct { *provider_test.hidden }: an embedded pointer to a type that is not exported cannot be filled; embed the struct"},
		{"an unexported type with a name", flat, of[struct {
			hidden `json:"hidden"`
		}], "not exported, so it cannot be filled"},
		{"an unexported field with a tag", flat, of[struct {
			name string `sluice:"name"`
		}], "not exported, so it cannot be filled"},
		{"one that embeds itself", flat, of[Selfish], "embeds itself"},
	} {
		err := row.into(document(t, map[string]string{"app.yaml": row.text}))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.sentence, err, row.want)
		}
	}
}

func check[T any](t *testing.T, sentence, text string, want T) {
	t.Helper()
	got, err := provider.Decode[T](document(t, map[string]string{"app.yaml": text}), provider.Strict())
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("%s: got %+v, %v", sentence, got, err)
	}
}

// TestAnOptionalStructHasItsDefaults: what may be missing is not empty for that.
func TestAnOptionalStructHasItsDefaults(t *testing.T) {
	type tls struct {
		Port int           `sluice:"port" default:"443"`
		Cert string        `sluice:"cert"`
		Wait time.Duration `sluice:"wait" default:"5s"`
		Deep struct {
			Size int `sluice:"size" default:"7"`
		} `sluice:"deep"`
		More *Base `sluice:"more"`
		Base `sluice:"base"`
	}
	type config struct {
		TLS tls `sluice:"tls,optional"`
	}
	want := config{tls{Port: 443, Wait: 5 * time.Second, Base: Base{Level: 3}}}
	want.TLS.Deep.Size = 7
	check(t, "missing", `{}`, want)
	if err := of[config](document(t, map[string]string{"app.yaml": `{"tls":{}}`})); err == nil || !strings.Contains(err.Error(), "tls.cert: missing") {
		t.Errorf("one that is there: %v", err)
	}
}

// TestADefaultThatDoesNotFitIsFoundAtBind, and not by the first release that lacks the key, which may be years later.
func TestADefaultThatDoesNotFitIsFoundAtBind(t *testing.T) {
	type inner struct {
		X int `sluice:"x" default:"abc"`
	}
	type recursive struct {
		Again *recursive `sluice:"again"`
		List  []inner    `sluice:"list,optional"`
	}
	const want = "field X of provider_test.inner: default: want a whole number, have text"
	source := providertest.New(map[string]any{"app.yaml": map[string]any{"x": 1}})
	p := open(t, source.Options())
	for name, f := range map[string]func() error{
		"the key is there": func() error { _, err := provider.Bind[inner](p); return err },
		"below a list":     func() error { _, err := provider.Bind[recursive](p); return err },
		"below a map":      func() error { _, err := provider.Bind[map[string]inner](p); return err },
		"below a pointer":  func() error { _, err := provider.Bind[struct{ A *inner }](p); return err },
		"Fits":             func() error { return provider.Fits[inner]()(p.Snapshot()) },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
