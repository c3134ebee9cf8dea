package integrations

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Integration is one system and the roles it plays; roles that it does not play are nil.
type Integration struct {
	Name   string // the kind in the operator's file: "etcd"
	Target func(context.Context, Spec) (Target, error)
}

// Spec is the operator's entry for one system, with what the reconciler lends to it.
type Spec struct {
	Name string // what sluice.yaml calls it
	Kind string
	// Settings are the operator's: endpoints, paths of files with secrets. The secrets themselves are never in it.
	Settings map[string]string

	// Keys sign heads and say which are believed: the present log key and those before it that the trust root still names.
	Keys *LogKeys

	Now func() time.Time
	Log *slog.Logger // nil: silent
}

// Signer signs a message with the reconciler's log key. Targets get the function and never the key.
type Signer func(message []byte) (signature []byte, err error)

// Only refuses settings that the integration does not have, so that a misspelt one is not silently a default.
func (s Spec) Only(known ...string) error {
	for _, name := range sortedKeys(s.Settings) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("target %s: unknown setting %q; kind %s has: %s", s.Name, name, s.Kind, strings.Join(known, ", "))
		}
	}
	return nil
}

// Check refuses a Spec with which no head could be signed or believed.
func (s Spec) Check() error {
	signer := s.Keys.signer()
	switch {
	case s.Name == "":
		return fmt.Errorf("target of kind %s: no name", s.Kind)
	case signer.Sign == nil || signer.ID == "" || len(signer.Key) != ed25519.PublicKeySize:
		return fmt.Errorf("target %s: no log key to sign heads with", s.Name)
	case s.Now == nil:
		return fmt.Errorf("target %s: no clock", s.Name)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Logger returns Log, or one that is silent.
func (s Spec) Logger() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}
