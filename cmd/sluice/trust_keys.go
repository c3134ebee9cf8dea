package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// keyFlags name the keys that a person gets.
type keyFlags struct {
	keys, usages          []string
	validFrom, validUntil string
	signWith              string
	proof                 string
}

func (f *keyFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringArrayVar(&f.keys, "key", nil, "public key `FILE`, OpenSSH or armored OpenPGP, or the id of a key in gpg; may be repeated")
	flags.StringSliceVar(&f.usages, "usage", nil, "what the keys may sign: `USAGE` commit, approval or root; all by default; may be repeated")
	flags.StringVar(&f.validFrom, "valid-from", "", "`TIME` from when on the keys count")
	flags.StringVar(&f.validUntil, "valid-until", "", "`TIME` until when the keys count")
	flags.StringVar(&f.signWith, "sign-with", "", "`KEY` to prove the new keys with now: their private half")
	flags.StringVar(&f.proof, "proof", "", "`FILE` with a proof that the owner made (sluice trust prove --out)")
}

// addKeys gives a person keys, or other limits to keys that are there.
func (d *trustDesk) addKeys(ctx context.Context, f keyFlags, id string, t *schema.Trust) error {
	if len(f.keys) == 0 {
		if f.signWith+f.proof+f.validFrom+f.validUntil != "" || len(f.usages) > 0 {
			return usageError(errors.New("--usage, --valid-from, --valid-until, --proof and --sign-with are about keys: name one with --key"))
		}
		return nil
	}
	limits := schema.Key{}
	for _, usage := range f.usages {
		limits.Usages = appendNew(limits.Usages, schema.KeyUsage(usage))
	}
	var err error
	if limits.ValidFrom, err = parseTime("--valid-from", f.validFrom); err != nil {
		return err
	}
	if limits.ValidUntil, err = parseTime("--valid-until", f.validUntil); err != nil {
		return err
	}
	var fresh []string
	for _, file := range f.keys {
		key, err := d.readPublic(ctx, id, file)
		if err != nil {
			return err
		}
		path := placeKey(t, key, limits)
		if !d.inForceHas(key) {
			fresh = append(fresh, path)
		}
	}
	if len(fresh) == 0 && f.signWith+f.proof != "" {
		return usageError(fmt.Errorf("%s is in force already, and needs no proof", strings.Join(f.keys, ", ")))
	}
	return d.proveNew(ctx, f, fresh, t)
}

// placeKey adds a key under a name that is free, or changes the limits of the same key of the same person.
func placeKey(t *schema.Trust, key, limits schema.Key) (path string) {
	for i, k := range t.Keys {
		if k.Principal == key.Principal && fingerprintOf(k) == fingerprintOf(key) {
			t.Keys[i].Usages, t.Keys[i].ValidFrom, t.Keys[i].ValidUntil = limits.Usages, limits.ValidFrom, limits.ValidUntil
			return k.Path
		}
	}
	name, extension := key.Path, filepath.Ext(key.Path)
	for n := 2; taken(t, name); n++ {
		name = strings.TrimSuffix(key.Path, extension) + "-" + strconv.Itoa(n) + extension
	}
	key.Path, key.Usages, key.ValidFrom, key.ValidUntil = name, limits.Usages, limits.ValidFrom, limits.ValidUntil
	t.Keys = append(t.Keys, key)
	slices.SortFunc(t.Keys, func(a, b schema.Key) int { return strings.Compare(a.Path, b.Path) })
	return name
}

// taken reports whether a key has the name, in either format: they would share the files beside them.
func taken(t *schema.Trust, path string) bool {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	return slices.ContainsFunc(t.Keys, func(k schema.Key) bool { return strings.TrimSuffix(k.Path, filepath.Ext(k.Path)) == stem })
}

// readPublic reads a public key. A private one is refused before anything else is looked at.
func (d *trustDesk) readPublic(ctx context.Context, person, file string) (schema.Key, error) {
	data, err := os.ReadFile(expandHome(file))
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if errors.Is(err, fs.ErrNotExist) && openPGPName.MatchString(file) {
		data, err = exec.CommandContext(ctx, d.gpgProgram(ctx), "--armor", "--export", file).Output()
		if err == nil && len(data) == 0 {
			return schema.Key{}, &failure{code: exitUsage, err: fmt.Errorf("gpg has no key %s", file), hint: "gpg --list-keys lists them; or export it to a file and name that"}
		}
		name = "openpgp"
	}
	switch {
	case err != nil:
		return schema.Key{}, &failure{code: exitUsage, err: fmt.Errorf("read the public key %s: %w", file, reason(err)), hint: "name the .pub file that ssh-keygen wrote, or an armored OpenPGP public key"}
	case bytes.Contains(data, []byte("PRIVATE KEY")):
		return schema.Key{}, privateKeyGiven(file)
	}
	key := schema.Key{Principal: person, Format: schema.SSHKey, Data: append(bytes.TrimSpace(data), '\n')}
	extension := ".pub"
	if bytes.HasPrefix(key.Data, []byte("-----BEGIN PGP")) {
		key.Format, extension = schema.OpenPGPKey, ".asc"
	}
	key.Path = "keys/" + person + "/" + keyName(name) + extension
	return key, nil
}

func privateKeyGiven(file string) error {
	hint := "a private key never leaves its owner; name the public one"
	if exists(expandHome(file) + ".pub") {
		hint = "name the public half: " + file + ".pub"
	}
	return &failure{code: exitUsage, err: fmt.Errorf("%s is a PRIVATE key; nothing was copied or written", file), hint: hint}
}

// keyName makes of a file's name one that a key in the trust directory can have.
func keyName(name string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, name)
	return orText(strings.TrimLeft(out[:min(len(out), 60)], ".-"), "key")
}

// proveNew makes or takes the proofs of new keys.
func (d *trustDesk) proveNew(ctx context.Context, f keyFlags, fresh []string, t *schema.Trust) error {
	if f.proof != "" {
		if err := takeProof(f.proof, fresh, t); err != nil {
			return err
		}
	}
	if f.signWith == "" {
		return nil
	}
	with, err := d.signer(ctx, f.signWith)
	if err != nil {
		return err
	}
	_, err = proveKeys(with, fresh, t)
	return err
}

// takeProof puts a proof that the owner made beside its key.
func takeProof(file string, fresh []string, t *schema.Trust) error {
	data, err := os.ReadFile(expandHome(file))
	if err != nil {
		return usageError(fmt.Errorf("read the proof %s: %w", file, reason(err)))
	}
	proof, err := schema.ParseKeyProof(data)
	if err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("%s: %w [trust-proof]", file, err)}
	}
	for i, k := range t.Keys {
		if slices.Contains(fresh, k.Path) && schema.DigestOf(k.Data) == proof.Key {
			k.Proof = &proof
			t.Keys[i] = k
			if err := signing.CheckProof(*t, k, signing.Acceptance{At: now()}); err != nil {
				return &failure{code: exitForbidden, err: fmt.Errorf("the proof does not count: %w", err)}
			}
			return nil
		}
	}
	return &failure{code: exitUsage, err: fmt.Errorf("%s is a proof of another key [trust-proof]", file), hint: "name the very key file that was proved with --key"}
}
