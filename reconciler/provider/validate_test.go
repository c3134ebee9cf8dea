package provider_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// TestKeysThatDifferInCaseAlone: of two that a field without a tag would take, none is chosen; a tag names one.
func TestKeysThatDifferInCaseAlone(t *testing.T) {
	type untagged struct{ Port int }
	type tagged struct {
		Port int `sluice:"port"`
	}
	files := provider.Files("app.yaml", "local.yaml?")
	for _, row := range []struct{ sentence, app, local, want string }{
		{"in two files", `{"port":1}`, `{"PORT":2}`, `app.yaml+local.yaml: Port: several keys differ in case alone: PORT, port; write it one way, or name the key in the field's tag`},
		{"one is the field's own name", `{"Port":1}`, `{"port":2}`, "several keys differ in case alone: Port, port"},
		{"in one file", `{"port":1,"pORT":2}`, `{}`, "several keys differ in case alone: pORT, port"},
		{"the same way in both", `{"PORT":1}`, `{"PORT":2}`, ""},
	} {
		d := document(t, map[string]string{"app.yaml": row.app, "local.yaml": row.local})
		got, err := provider.Decode[untagged](d, files, provider.Strict())
		if row.want == "" && (err != nil || got.Port != 2) || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "unknown key")) {
			t.Errorf("%s: got %v, %v, want %q", row.sentence, got, err, row.want)
		}
	}
	got, err := provider.Decode[tagged](document(t, map[string]string{"app.yaml": `{"port":1}`, "local.yaml": `{"PORT":2}`}), files)
	if err != nil || got.Port != 1 {
		t.Errorf("with a tag: %+v, %v", got, err)
	}
}

// Types with an opinion, none of which is a struct.

type port int

func (p port) Validate() error {
	if p > 1000 {
		return errors.New("above 1000")
	}
	return nil
}

type hosts []string

func (h hosts) Validate() error {
	if len(h) == 0 {
		return errors.New("none")
	}
	return nil
}

type shares map[string]int

func (s *shares) Validate() error {
	sum := 0
	for _, n := range *s {
		sum += n
	}
	if sum != 100 {
		return errors.New("do not make 100")
	}
	return nil
}

type level struct{ name string }

func (l *level) UnmarshalText(text []byte) error { l.name = string(text); return nil }

func (l *level) Validate() error {
	if l.name != "info" {
		return errors.New("no such level")
	}
	return nil
}

// TestValidateIsAskedOnce: a type that is not taken apart is asked as one, and none twice.
func TestValidateIsAskedOnce(t *testing.T) {
	var asked int
	counting = func() { asked++ }
	defer func() { counting = func() {} }()
	type config struct {
		Sub     counted            `sluice:"sub"`
		Missing counted            `sluice:"missing"`
		Pointer *counted           `sluice:"pointer"`
		Named   map[string]counted `sluice:"named"`
	}
	if err := of[config](document(t, map[string]string{"app.yaml": `{"sub":{},"pointer":{},"named":{"a":{}}}`})); err != nil || asked != 4 {
		t.Errorf("asked %d times, %v", asked, err)
	}
}

var counting = func() {}

type counted struct {
	A int `sluice:"a,optional"`
}

func (counted) Validate() error { counting(); return nil }
