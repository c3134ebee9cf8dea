package main

import (
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Source is a koanf.Provider: one file of a snapshot, as JSON. Each Load of koanf reads the snapshot that runs then.
type Source struct {
	Provider *provider.Provider
	File     string
}

// ReadBytes implements koanf.Provider; use it with the parser for JSON.
func (s Source) ReadBytes() ([]byte, error) {
	text, ok := s.Provider.Snapshot().JSON(s.File)
	if !ok {
		return nil, fmt.Errorf("%s: no such file with values", s.File)
	}
	return text, nil
}

// Read implements koanf.Provider.
func (Source) Read() (map[string]any, error) {
	return nil, errors.New("read configuration: koanf needs the parser for JSON")
}
