package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// proveFlags say what is proved with what.
type proveFlags struct{ with, key, out string }

func (a *app) trustProveCommand(shared *trustFlags) *cobra.Command {
	var f proveFlags
	c := &cobra.Command{
		Use: "prove [PERSON]", Short: "Show that you hold a new key", Args: cobra.MaximumNArgs(1),
		Long: `prove signs, with the private half of each key that is new in the prepared version, whose it is, and writes the proof
beside the key. It comes before the roots sign, because it changes what they sign. With --key it makes the proof of a key
that is in no version yet, in a clone of what is in force, for whoever takes it in with trust add --proof.`,
		Example: `  sluice trust prove bob
  sluice trust prove bob --sign-with ~/.ssh/id_ed25519
  sluice trust prove bob --key ~/.ssh/id_ed25519.pub --out bob.proof`,
		RunE: func(c *cobra.Command, args []string) error {
			person := strings.Join(args, "")
			if f.key+f.out != "" {
				return a.trustProveAhead(c.Context(), *shared, person, f)
			}
			return a.trustProve(c.Context(), *shared, person, f.with)
		},
	}
	c.Flags().StringVar(&f.with, "sign-with", "", "the private half: a `KEY` file or an OpenPGP id (default git's user.signingkey)")
	c.Flags().StringVar(&f.key, "key", "", "public key `FILE` that is to come in")
	c.Flags().StringVar(&f.out, "out", "", "with --key: `FILE` to write the proof to (default PERSON.proof)")
	return c
}

func (a *app) trustProve(ctx context.Context, f trustFlags, person, key string) error {
	d, err := a.openTrust(ctx, f)
	if err != nil {
		return err
	}
	draft, err := d.toProve()
	if err != nil {
		return err
	}
	fresh := unprovenOf(d, draft, person)
	if len(fresh) == 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("nothing to prove: no new key%s lacks a proof in trust version %d", ofPerson(person), draft.Root.Version), hint: "sluice trust verify shows what the version lacks"}
	}
	with, err := a.signer(ctx, key)
	if err != nil {
		return err
	}
	proved, err := proveKeys(with, fresh, &draft)
	if err != nil {
		return err
	}
	return d.proved(draft, proved)
}

// trustProveAhead makes the proof of a key before anybody prepared a version with it. It is for the version after the one in
// force, and the checkout is left alone.
func (a *app) trustProveAhead(ctx context.Context, f trustFlags, person string, p proveFlags) error {
	if p.key == "" || schema.CheckSegment(person) != nil {
		return &failure{code: exitUsage, err: errors.New("whose key, and which? want a person and --key FILE"), hint: "sluice trust prove bob --key bob.pub --out bob.proof"}
	}
	d, err := a.openTrust(ctx, f)
	if err != nil {
		return err
	}
	draft, _, err := d.draft()
	if err != nil {
		return err
	}
	key, err := d.readPublic(ctx, person, p.key)
	if err != nil {
		return err
	}
	if _, err := signing.Describe(key); err != nil {
		return refusedChange(signing.CodeTrustKey, p.key+": "+err.Error())
	}
	draft.Keys = []schema.Key{key}
	with, err := a.signer(ctx, p.with)
	if err != nil {
		return err
	}
	if _, err := proveKeys(with, []string{key.Path}, &draft); err != nil {
		return err
	}
	out := orText(p.out, person+".proof")
	if err := os.WriteFile(out, draft.Keys[0].Proof.Encode(), 0o644); err != nil {
		return fmt.Errorf("write the proof: %w", err)
	}
	if a.json() {
		return a.encode(map[string]any{"proof": out, "person": person, "key": fingerprintOf(key), "version": draft.Root.Version})
	}
	fmt.Fprintf(a.out, "%s shows that %s is %s's, for trust version %d\nnext: give it, with the key, to whoever prepares that version:\n  sluice trust add %s --key %s --proof %s\n",
		out, fingerprintOf(key), person, draft.Root.Version, person, p.key, out)
	return nil
}

// toProve is the prepared version; proving changes nothing else of it.
func (d *trustDesk) toProve() (schema.Trust, error) {
	next, err := d.pending()
	if err != nil {
		return schema.Trust{}, err
	}
	if next == nil {
		return schema.Trust{}, &failure{code: exitUsage, err: errors.New("nothing to prove: the checkout has the trust version in force"), hint: "on whose branch is the new version? git switch BRANCH"}
	}
	return next.Trust, nil
}

func ofPerson(person string) string {
	if person == "" {
		return ""
	}
	return " of " + person
}

// unprovenOf are the paths of keys, of a person or of all, that are new and have no good proof.
func unprovenOf(d *trustDesk, t schema.Trust, person string) []string {
	var out []string
	for _, k := range t.Keys {
		if (person == "" || k.Principal == person) && !d.inForceHas(k) && signing.CheckProof(t, k, signing.Acceptance{At: now()}) != nil {
			out = append(out, k.Path)
		}
	}
	return out
}

// proved writes the version with its proofs.
func (d *trustDesk) proved(draft schema.Trust, proved []string) error {
	next, err := d.check(draft)
	if err != nil {
		return err
	}
	dropped, err := d.write(draft.Files())
	if err != nil {
		return err
	}
	if !d.json() {
		fmt.Fprintf(d.out, "proved: %s\n\n", strings.Join(proved, ", "))
	}
	r := d.report(next)
	r.Dropped = dropped
	return d.printTrust(r)
}

// proveKeys makes the proof of every key whose private half signs, and says so if there is none.
func proveKeys(with personSigner, paths []string, t *schema.Trust) (proved []string, err error) {
	var names []string
	for i, k := range t.Keys {
		if !slices.Contains(paths, k.Path) {
			continue
		}
		names = append(names, k.Path+" ("+fingerprintOf(k)+")")
		if !with.mayBe(k) {
			continue
		}
		if k.Proof, err = signing.ProveKey(with, t.Root.Project, t.Root.Version, k); err != nil {
			return nil, err
		}
		if err := signing.CheckProof(*t, k, signing.Acceptance{At: now()}); err == nil {
			t.Keys[i] = k
			proved = append(proved, k.Path)
		}
	}
	if len(proved) == 0 {
		return nil, &failure{code: exitForbidden, err: fmt.Errorf("%s does not prove anything: it is not the private half of %s [trust-proof]", with.Name, strings.Join(names, " or ")),
			hint: "only who holds a key can show it; --sign-with names its private half"}
	}
	return proved, nil
}

// mayBe reports whether the signer may be the private half of a key: it is, or that is not known before it signs.
func (s personSigner) mayBe(k schema.Key) bool {
	if len(s.Public.Data) == 0 {
		return s.Format == k.Format
	}
	return fingerprintOf(schema.Key{Format: s.Public.Format, Data: s.Public.Data}) == fingerprintOf(k)
}
