package hook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
)

const (
	maxSecret  = 4 << 10 // bytes of a file with a secret
	minSigning = 24      // bytes of a signing key, as Standard Webhooks has it; GitLab's have 32
)

// Keys are what GitLab and the receiver share. The zero value lets nothing in.
type Keys struct {
	Token   string   // what X-Gitlab-Token has to be; empty: no token is taken
	Signing [][]byte // keys of signatures; several while one replaces another

	// RequireSignature takes no token in place of a signature.
	RequireSignature bool
}

// Files names where the keys are.
type Files struct {
	Secret  string   // the webhook's secret token; empty: none
	Signing []string // its signing tokens, "whsec_…"

	RequireSignature bool
}

// Read reads the keys. A file that is empty is an error and never a key that fits everything.
func (f Files) Read() (Keys, error) {
	k := Keys{RequireSignature: f.RequireSignature}
	var err error
	if f.Secret != "" {
		if k.Token, err = readSecret(f.Secret); err != nil {
			return Keys{}, fmt.Errorf("read the webhook's secret token: %w", err)
		}
	}
	for _, path := range f.Signing {
		text, err := readSecret(path)
		if err != nil {
			return Keys{}, fmt.Errorf("read the webhook's signing token: %w", err)
		}
		key, err := parseSigning(text)
		if err != nil {
			return Keys{}, fmt.Errorf("read the webhook's signing token: %s: %w", path, err)
		}
		k.Signing = append(k.Signing, key)
	}
	switch {
	case f.RequireSignature && len(k.Signing) == 0:
		return Keys{}, errors.New("a signature is required, and no signing key is named that could check one")
	case k.Token == "" && len(k.Signing) == 0:
		return Keys{}, errors.New("neither a secret token nor a signing token is named: anybody could send webhooks")
	}
	return k, nil
}

// readSecret reads one line. Errors name the file and never what is in it.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	switch {
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a file", path)
	case info.Size() > maxSecret:
		return "", fmt.Errorf("%s is too large to be a secret", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	for _, r := range secret {
		if r <= ' ' || r > '~' {
			return "", fmt.Errorf("%s holds more than one line, or letters that no secret has", path)
		}
	}
	return secret, nil
}

// parseSigning reads a key as GitLab shows it once: "whsec_" and base64.
func parseSigning(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, "whsec_")
	if !ok {
		return nil, errors.New("want whsec_ and base64, as GitLab shows it")
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("what follows whsec_ is not base64")
	}
	if len(key) < minSigning {
		return nil, fmt.Errorf("the key has %d bytes, want at least %d", len(key), minSigning)
	}
	return key, nil
}
