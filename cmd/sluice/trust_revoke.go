package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/schema"
)

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
