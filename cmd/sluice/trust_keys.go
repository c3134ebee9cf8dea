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
	"time"

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

func (a *app) trustRevokeCommand(shared *trustFlags) *cobra.Command {
	var reason, at string
	var distrust int64
	c := &cobra.Command{
		Use: "revoke PERSON|KEY", Short: "Say that a key, or every key of a person, no longer counts", Args: cobra.ExactArgs(1),
		Long: `revoke marks keys in the next trust version: superseded by another, retired, or compromised. KEY is a path like
keys/bob/laptop.pub, or a fingerprint. What was admitted on a retired or superseded key stays; entries of the ledger that
rest on a compromised one are tainted, from --distrust-after on. A revoked key stays listed and cannot come back.`,
		Example: `  sluice trust revoke keys/bob/laptop.pub --reason compromised --distrust-after 812
  sluice trust revoke bob --reason retired --at 2026-12-31`,
		RunE: func(c *cobra.Command, args []string) error {
			r := schema.Revocation{Reason: reason, DistrustAfterEntry: distrust}
			var err error
			if r.At, err = parseTime("--at", at); err != nil {
				return err
			}
			if r.At.IsZero() {
				r.At = seconds(now())
			}
			return a.changeTrust(c.Context(), *shared, func(d *trustDesk, t *schema.Trust) error { return d.revoke(args[0], r, t) })
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "`REASON`: superseded, retired or compromised")
	c.Flags().StringVar(&at, "at", "", "`TIME` from when on it holds (default now)")
	c.Flags().Int64Var(&distrust, "distrust-after", 0, "compromised: last ledger `ENTRY` that may still rest on the key (default none)")
	return c
}

func (d *trustDesk) revoke(what string, r schema.Revocation, t *schema.Trust) error {
	if !slices.Contains([]string{"superseded", "retired", "compromised"}, r.Reason) {
		return &failure{code: exitUsage, err: fmt.Errorf("--reason %q: want superseded, retired or compromised", r.Reason), hint: "compromised: somebody else may have the key, so what it signed is in doubt"}
	}
	if r.DistrustAfterEntry > 0 && r.Reason != "compromised" {
		return usageError(errors.New("--distrust-after goes with --reason compromised"))
	}
	found, err := keysNamed(t, what)
	if err != nil {
		return err
	}
	for _, i := range found {
		k := &t.Keys[i]
		if _, isPerson := t.Principal(what); isPerson && k.Revoked != nil && r.Reason != "compromised" {
			continue // each key keeps the reason it has
		}
		if !d.inForceHas(*k) {
			return &failure{code: exitUsage, err: fmt.Errorf("%s is new in this version, so it never counted", k.Path), hint: "undo the change: git checkout -- " + schema.TrustDir}
		}
		revoked := r
		k.Revoked = &revoked
	}
	return nil
}

// keysNamed finds keys by their person, path or fingerprint.
func keysNamed(t *schema.Trust, what string) ([]int, error) {
	var found []int
	path := strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(what), "./"), schema.TrustDir+"/")
	for i, k := range t.Keys {
		stem := strings.TrimSuffix(k.Path, filepath.Ext(k.Path))
		if k.Principal == what || slices.Contains([]string{k.Path, stem}, path) || slices.Contains([]string{k.Path, stem}, "keys/"+path) ||
			strings.EqualFold(fingerprintOf(k), what) {
			found = append(found, i)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	if _, known := t.Principal(what); known {
		return nil, usageError(fmt.Errorf("%s has no key", what))
	}
	names := append(texts(t.Principals, func(p schema.Principal) string { return p.ID }), texts(t.Keys, func(k schema.Key) string { return k.Path })...)
	return nil, &failure{code: exitUsage, err: fmt.Errorf("no person and no key is called %q", what), hint: orText(schema.DidYouMean(what, names), "sluice trust show lists people and keys")}
}

// parseTime reads an instant: RFC 3339, a date, or how long from now, as 90d or 12h. Empty is the zero time.
func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return seconds(at), nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return seconds(now().AddDate(0, 0, int(n))), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return seconds(now().Add(d)), nil
	}
	return time.Time{}, usageError(fmt.Errorf("%s %q: want a time (2026-12-31T12:00:00Z), a date, or how long from now (90d, 12h)", flag, text))
}

// seconds cuts a time as files of the trust directory write it.
func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

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
