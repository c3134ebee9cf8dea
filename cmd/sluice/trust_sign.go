package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) trustSignCommand(shared *trustFlags) *cobra.Command {
	var with string
	c := &cobra.Command{
		Use: "sign", Short: "Sign the prepared version as a root", Args: cobra.NoArgs,
		Long: `sign shows everything that the version in the checkout changes, signs its root.yaml with your key and writes the signature
beside it. It refuses a version that the reconciler would refuse, one whose new keys are not proved yet, since a proof
changes what is signed, and a signature that would not count. sluice trust verify shows the same without signing.`,
		Example: `  sluice trust sign
  sluice trust sign --sign-with ~/.ssh/root_ed25519`,
		RunE: func(c *cobra.Command, _ []string) error { return a.trustSign(c.Context(), *shared, with) },
	}
	c.Flags().StringVar(&with, "sign-with", "", "the `KEY` you sign with, a file or an OpenPGP id (default git's user.signingkey)")
	return c
}

func (a *app) trustSign(ctx context.Context, f trustFlags, key string) error {
	d, err := a.openTrust(ctx, f)
	if err != nil {
		return err
	}
	next, err := d.pending()
	if err != nil {
		return err
	}
	if next == nil {
		return &failure{code: exitUsage, err: fmt.Errorf("there is nothing to sign: the checkout has trust version %d, which is in force", d.force.Trust.Root.Version), hint: "on whose branch is the new version? git switch BRANCH"}
	}
	before := d.report(*next)
	if err := signable(before); err != nil {
		return err
	}
	with, err := a.signer(ctx, key)
	if err != nil {
		return err
	}
	if !a.json() {
		fmt.Fprintln(a.out, before.whatText())
	}
	signature, err := signing.SignRoot(with, next.Root)
	if err != nil {
		return err
	}
	person, err := d.rootOf(*next, with, signature)
	if err != nil {
		return err
	}
	path := schema.SignatureFile(person, with.Format)
	if err := d.put(path, signature); err != nil {
		return err
	}
	next.Signatures[strings.TrimPrefix(path, "root.sig/")] = signature
	after := d.report(*next)
	if a.json() {
		return a.printTrust(after)
	}
	_, err = fmt.Fprintf(a.out, "signed as %s with %s: %s/%s\n%s", person, with.Name, schema.TrustDir, path, after.standText())
	return err
}

// signable refuses to sign what would be refused, or would have to be signed again.
func signable(r trustReport) error {
	var problems []error
	for _, f := range r.Findings {
		problems = append(problems, &failure{code: exitUsage, err: fmt.Errorf("not signed: the reconciler would refuse this version: %s [%s]", f.Detail, f.Code)})
	}
	for _, k := range r.Unproven {
		if !k.Root && r.Version > 1 {
			problems = append(problems, &failure{code: exitNo, err: fmt.Errorf("not signed: nobody showed yet that %s is %s's, and the proof changes what is signed [trust-proof]", k.Path, k.Person),
				hint: k.Person + " runs, on this branch: sluice trust prove " + k.Person})
		}
	}
	return errors.Join(problems...)
}

// rootOf finds the root whose signature it is, in the version in force or the new one. Others learn why theirs is none.
func (d *trustDesk) rootOf(next signing.TrustVersion, with personSigner, signature []byte) (string, error) {
	var why []string
	for _, version := range []schema.Trust{d.inForce(), next.Trust} {
		ring, _ := signing.NewKeyring(version)
		who, code := ring.Detached(signing.RootNamespace, next.Root, signature, schema.UsageRoot, signing.Acceptance{At: now()})
		switch {
		case version.Root.Version == 0:
			continue
		case code == signing.CodeOK && slices.Contains(version.Root.Roots, who.Principal):
			return who.Principal, nil
		case code == signing.CodeOK:
			why = append(why, fmt.Sprintf("%s, whose key it is, is no root in version %d", who.Principal, version.Root.Version))
		case code == signing.CodeUnknownKey:
			why = append(why, fmt.Sprintf("version %d has no key %s", version.Root.Version, who.Key))
		default:
			why = append(why, fmt.Sprintf("in version %d the key may not [%s]", version.Root.Version, code))
		}
	}
	roots := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(d.inForce().Root.Roots), next.Trust.Root.Roots...))))
	return "", &failure{code: exitForbidden, err: fmt.Errorf("a signature with %s does not count: %s", with.Name, strings.Join(why, "; ")),
		hint: "roots sign: " + strings.Join(roots, ", ") + "; --sign-with KEY names another key"}
}
