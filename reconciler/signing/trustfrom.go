package signing

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/sluice-gitops/sluice/schema"
)

// maxRing bounds a file of keys.
const maxRing = 16 << 20

// TrustFrom reads who may sign from a path: a trust directory (or a checkout that has one), an allowed_signers file as git
// knows it, or armored OpenPGP keys. Of the two files nothing but keys and names is known: nobody has a role, and the names
// are what the files say.
func TrustFrom(path string) (schema.Trust, error) {
	info, err := os.Stat(path)
	if err != nil {
		return schema.Trust{}, fmt.Errorf("read trust: %w", err)
	}
	if info.IsDir() {
		return trustDirectory(path)
	}
	if info.Size() > maxRing {
		return schema.Trust{}, fmt.Errorf("read trust %s: larger than %d bytes", path, maxRing)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return schema.Trust{}, fmt.Errorf("read trust: %w", err)
	}
	var t schema.Trust
	switch {
	case bytes.Contains(data, []byte("PRIVATE KEY")):
		err = errors.New("it holds a private key")
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN PGP")):
		t, err = trustFromRing(data)
	case bytes.ContainsRune(data, 0):
		err = errors.New("it is no text; for an OpenPGP key ring: gpg --armor --export > keys.asc")
	default:
		t, err = trustFromSigners(path, data)
	}
	if err == nil && len(t.Keys) == 0 {
		err = errors.New("it names no key that signs here")
	}
	if err != nil {
		return schema.Trust{}, fmt.Errorf("read trust %s: %w", path, err)
	}
	return t, nil
}

// trustDirectory reads .sluice/trust, or the directory itself.
func trustDirectory(dir string) (schema.Trust, error) {
	if inside := filepath.Join(dir, filepath.FromSlash(schema.TrustDir)); isDir(inside) {
		dir = inside
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rest, err := filepath.Rel(dir, path)
		if err == nil {
			files[filepath.ToSlash(rest)], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		return schema.Trust{}, fmt.Errorf("read trust directory: %w", err)
	}
	t, found := schema.LoadTrust(files)
	return t, found.Err()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// trustFromSigners takes the lines of an allowed_signers file that allow signing for git. A line's principal is its first
// pattern, as it is written.
func trustFromSigners(path string, data []byte) (schema.Trust, error) {
	lines, err := readAllowedSigners(path, data)
	if err != nil {
		return schema.Trust{}, err
	}
	var t schema.Trust
	for i, line := range lines {
		if line.namespaces != "" && !matchList(line.namespaces, GitNamespace) {
			continue
		}
		public, err := ssh.ParsePublicKey(line.key)
		if err != nil {
			return schema.Trust{}, err
		}
		if slices.ContainsFunc(lines[:i], line.equal) {
			continue // said twice
		}
		name, _, _ := strings.Cut(line.principals, ",")
		addKey(&t, name, schema.Key{
			Path: fmt.Sprintf("key %d of %s", i+1, filepath.Base(path)), Format: schema.SSHKey, Data: ssh.MarshalAuthorizedKey(public),
			ValidFrom: line.after, ValidUntil: line.before, Usages: []schema.KeyUsage{schema.UsageCommit},
		})
	}
	return t, nil
}

func (a allowedSigner) equal(b allowedSigner) bool {
	return a.principals == b.principals && a.namespaces == b.namespaces && bytes.Equal(a.key, b.key) && a.after.Equal(b.after) && a.before.Equal(b.before)
}

// addKey gives the key to a person by a name that a file claims, so that it is cut and escaped for whoever prints it.
func addKey(t *schema.Trust, name string, key schema.Key) {
	name = schema.Printable(clip(name, maxIdentity))
	if _, known := t.Principal(name); !known {
		t.Principals = append(t.Principals, schema.Principal{ID: name, Name: name})
	}
	key.Principal = name
	t.Keys = append(t.Keys, key)
}
