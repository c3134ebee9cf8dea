package provider_test

import (
	"errors"
	"testing"
)

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
