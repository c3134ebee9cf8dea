package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// outsideFlags name keys that are nobody's in the project: the forge's, and those of witnesses.
type outsideFlags struct {
	add, drop []string
	quorum    int
}

func (a *app) trustForgeCommand(shared *trustFlags) *cobra.Command {
	var f outsideFlags
	c := &cobra.Command{
		Use: "forge", Short: "Say which keys the forge itself signs commits with", Args: cobra.NoArgs,
		Long: `forge adds keys that the forge signs commits with that it makes on its page: edits, reverts, squashes and merges. They are
nobody's: a commit that such a key alone signed is told from one by a stranger, and counts for no person.`,
		Example: `  sluice trust forge --add web-commits.pub`,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(f.add)+len(f.drop) == 0 {
				return &failure{code: exitUsage, err: errors.New("which key? want --add FILE or --drop KEY"), hint: "sluice trust show lists them"}
			}
			return a.changeTrust(c.Context(), *shared, func(d *trustDesk, t *schema.Trust) error { return d.forgeKeys(c.Context(), f, t) })
		},
	}
	c.Flags().StringArrayVar(&f.add, "add", nil, "public key `FILE` of the forge; may be repeated")
	c.Flags().StringArrayVar(&f.drop, "drop", nil, "`KEY` to take out, a path or fingerprint; may be repeated")
	return c
}

func (d *trustDesk) forgeKeys(ctx context.Context, f outsideFlags, t *schema.Trust) error {
	for _, name := range f.drop {
		i := slices.IndexFunc(t.ForgeKeys, func(k schema.Key) bool {
			return slices.Contains([]string{k.Path, strings.TrimSuffix(k.Path, filepath.Ext(k.Path)), fingerprintOf(k)}, name) || k.Path == "forge/"+name
		})
		if i < 0 {
			have := texts(t.ForgeKeys, func(k schema.Key) string { return k.Path })
			return &failure{code: exitUsage, err: fmt.Errorf("no key of the forge is %s", name), hint: "keys of the forge: " + orText(strings.Join(have, ", "), "none")}
		}
		t.ForgeKeys = slices.Delete(t.ForgeKeys, i, i+1)
	}
	for _, file := range f.add {
		key, err := d.readPublic(ctx, "forge", file)
		if err != nil {
			return err
		}
		key.Principal, key.Path = "", "forge/"+filepath.Base(key.Path)
		if _, err := signing.Describe(key); err != nil {
			return refusedChange(signing.CodeTrustKey, file+": "+err.Error())
		}
		if _, there := keyAt(t.ForgeKeys, key.Path); there {
			return &failure{code: exitUsage, err: fmt.Errorf("there is a %s already", key.Path), hint: "take it out in the same call with --drop, or rename the file"}
		}
		t.ForgeKeys = append(t.ForgeKeys, key)
	}
	slices.SortFunc(t.ForgeKeys, func(a, b schema.Key) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

func (a *app) trustWitnessCommand(shared *trustFlags) *cobra.Command {
	var f outsideFlags
	c := &cobra.Command{
		Use: "witness", Short: "Say who cosigns the ledger from outside, and how many have to", Args: cobra.NoArgs,
		Long: `witness changes who cosigns the ledger's checkpoints, so that nobody can show a forked ledger to some. A key is a C2SP
verifier key: NAME+HASH+KEY.`,
		Example: `  sluice trust witness --add witness.example/w1+1b4f4a2c+BIx... --quorum 1`,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(f.add)+len(f.drop) == 0 && f.quorum == 0 {
				return &failure{code: exitUsage, err: errors.New("which witness? want --add KEY, --drop NAME or --quorum N"), hint: "sluice trust show lists them"}
			}
			return a.changeTrust(c.Context(), *shared, func(_ *trustDesk, t *schema.Trust) error { return f.witnesses(t) })
		},
	}
	c.Flags().StringArrayVar(&f.add, "add", nil, "verifier `KEY` of a witness; may be repeated")
	c.Flags().StringArrayVar(&f.drop, "drop", nil, "`NAME` of a witness to take out; may be repeated")
	c.Flags().IntVar(&f.quorum, "quorum", 0, "`N` witnesses have to cosign (default as it is, 1 with the first)")
	return c
}

func (f outsideFlags) witnesses(t *schema.Trust) error {
	w := &t.Root.Witnesses
	for _, name := range f.drop {
		before := len(w.Keys)
		w.Keys = slices.DeleteFunc(w.Keys, func(key string) bool { return key == name || strings.HasPrefix(key, name+"+") })
		if len(w.Keys) == before {
			have := texts(w.Keys, func(key string) string { name, _, _ := strings.Cut(key, "+"); return name })
			return &failure{code: exitUsage, err: fmt.Errorf("no witness is called %s", name), hint: "witnesses: " + orText(strings.Join(have, ", "), "none")}
		}
	}
	for _, key := range f.add {
		if _, err := schema.ParseWitnessKey(key); err != nil {
			return usageError(err)
		}
		w.Keys = appendNew(w.Keys, key)
	}
	switch {
	case len(w.Keys) == 0:
		w.Quorum = 0
	case f.quorum > 0:
		w.Quorum = f.quorum
	case w.Quorum == 0:
		w.Quorum = 1
	}
	return nil
}
