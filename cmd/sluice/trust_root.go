package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/schema"
)

// rotateGrace is how long a key that is replaced goes on counting by default. Its owner signs the new version with it.
const rotateGrace = "7d"

type rotateFlags struct {
	trustFlags
	keyFlags
	old, at            string
	logKey, dropLogKey string
}

func (a *app) trustRotateCommand(shared *trustFlags) *cobra.Command {
	var f rotateFlags
	c := &cobra.Command{
		Use: "rotate [PERSON]", Short: "Replace a key by a new one", Args: cobra.MaximumNArgs(1),
		Long: `rotate adds a person's new key and marks the old one as superseded from --at on, a week from now by default: until
then both count, so that the version can be signed with the old key and what was signed before can still be admitted. For
the reconciler's ledger key, --log-key adds the new one beside the old, which hands over in the ledger; --drop-log-key takes
the old one out, in a later version.`,
		Example: `  sluice trust rotate bob --key bob-2027.pub
  sluice trust rotate --log-key ../sluice-keys/log-2027.pub`,
		RunE: func(c *cobra.Command, args []string) error {
			f.trustFlags = *shared
			return a.changeTrust(c.Context(), f.trustFlags, func(d *trustDesk, t *schema.Trust) error {
				if f.logKey+f.dropLogKey != "" {
					return d.rotateLogKey(f, args, t)
				}
				return d.rotate(c.Context(), f, args, t)
			})
		},
	}
	f.keyFlags.add(c)
	flags := c.Flags()
	flags.StringVar(&f.old, "old", "", "the `KEY` to replace, a path or fingerprint, where the person has several")
	flags.StringVar(&f.at, "at", rotateGrace, "`TIME` from when on the old key no longer counts")
	flags.StringVar(&f.logKey, "log-key", "", "public key `FILE` of the reconciler's new log key")
	flags.StringVar(&f.dropLogKey, "drop-log-key", "", "the log key to take out: its public key `FILE` or fingerprint")
	return c
}

func (d *trustDesk) rotate(ctx context.Context, f rotateFlags, args []string, t *schema.Trust) error {
	if len(args) != 1 || len(f.keys) != 1 {
		return &failure{code: exitUsage, err: errors.New("whose key, and by which? want a person and --key FILE, or --log-key FILE"), hint: "sluice trust rotate bob --key bob-2027.pub"}
	}
	if _, err := findPerson(t, args[0]); err != nil {
		return err
	}
	old, err := d.keyToReplace(args[0], f.old, t)
	if err != nil {
		return err
	}
	at, err := parseTime("--at", f.at)
	if err != nil {
		return err
	}
	path, usages := t.Keys[old].Path, words(t.Keys[old].Usages)
	if len(f.usages) == 0 {
		f.usages = usages
	}
	t.Keys[old].Revoked = &schema.Revocation{Reason: "superseded", At: at}
	key, err := d.readPublic(ctx, args[0], f.keys[0])
	if err != nil {
		return err
	}
	if d.inForceHas(key) {
		return usageError(fmt.Errorf("%s is a key of %s already; nothing would replace %s", f.keys[0], args[0], path))
	}
	return d.addKeys(ctx, f.keyFlags, args[0], t)
}

// keyToReplace is the person's only key that counts, or the one that was named.
func (d *trustDesk) keyToReplace(person, named string, t *schema.Trust) (int, error) {
	if named == "" {
		named = person
	}
	found, err := keysNamed(t, named)
	if err != nil {
		return 0, err
	}
	found = slices.DeleteFunc(found, func(i int) bool {
		k, known := keyAt(d.inForce().Keys, t.Keys[i].Path)
		return !known || k.Principal != person || k.Revoked != nil
	})
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return 0, &failure{code: exitUsage, err: fmt.Errorf("%s has no key in force to replace", person), hint: "sluice trust add " + person + " --key FILE"}
	}
	paths := texts(found, func(i int) string { return t.Keys[i].Path })
	return 0, &failure{code: exitUsage, err: fmt.Errorf("%s has several keys: %s", person, strings.Join(paths, ", ")), hint: "--old " + paths[0] + " names the one to replace"}
}

func (d *trustDesk) rotateLogKey(f rotateFlags, args []string, t *schema.Trust) error {
	if len(args) > 0 || len(f.keys) > 0 {
		return usageError(errors.New("the log key is nobody's: name no person and no --key with it"))
	}
	if f.logKey != "" {
		data, err := os.ReadFile(expandHome(f.logKey))
		switch {
		case err != nil:
			return usageError(fmt.Errorf("read the log key %s: %w", f.logKey, reason(err)))
		case strings.Contains(string(data), "PRIVATE KEY"):
			return privateKeyGiven(f.logKey)
		}
		t.Root.LogKeys = append(t.Root.LogKeys, strings.TrimSpace(string(data)))
	}
	if f.dropLogKey == "" {
		return nil
	}
	name := f.dropLogKey
	if data, err := os.ReadFile(expandHome(f.dropLogKey)); err == nil {
		name = fingerprintOf(sshKeyLine(string(data)))
	}
	i := slices.IndexFunc(t.Root.LogKeys, func(line string) bool { return fingerprintOf(sshKeyLine(line)) == name })
	if i < 0 {
		have := texts(t.Root.LogKeys, func(line string) string { return fingerprintOf(sshKeyLine(line)) })
		return &failure{code: exitUsage, err: fmt.Errorf("no log key is %s", f.dropLogKey), hint: "log keys: " + strings.Join(have, ", ")}
	}
	t.Root.LogKeys = slices.Delete(t.Root.LogKeys, i, i+1)
	return nil
}

func (a *app) trustRenewCommand(shared *trustFlags) *cobra.Command {
	var expires string
	c := &cobra.Command{
		Use: "renew", Short: "Put off the end of the trust root", Args: cobra.NoArgs,
		Long: `renew prepares a version that ends later. After the end of the version in force nothing new is admitted, so that somebody
looks at who may do what once in a while: sluice trust show.`,
		Example: `  sluice trust renew
  sluice trust renew --expires 2028-01-31`,
		RunE: func(c *cobra.Command, _ []string) error {
			at, err := parseTime("--expires", expires)
			if err != nil {
				return err
			}
			return a.changeTrust(c.Context(), *shared, func(_ *trustDesk, t *schema.Trust) error {
				t.Root.ExpiresAt = at
				return nil
			})
		},
	}
	c.Flags().StringVar(&expires, "expires", "365d", "`TIME` of the new end")
	return c
}

func (a *app) trustThresholdCommand(shared *trustFlags) *cobra.Command {
	var roots, admins int
	c := &cobra.Command{
		Use: "threshold", Short: "Say how many roots and admins have to sign", Args: cobra.NoArgs,
		Long: `threshold sets how many roots sign a change of the trust directory, and how many admins one of the other control files.
With two roots or more to sign there has to be one root more than that: else one lost key would lock everybody out.`,
		Example: `  sluice trust threshold --roots 2 --admins 2`,
		RunE: func(c *cobra.Command, _ []string) error {
			if roots < 0 || admins < 0 || roots+admins == 0 {
				return &failure{code: exitUsage, err: errors.New("how many? want --roots N, --admins N or both"), hint: "sluice trust threshold --roots 2"}
			}
			return a.changeTrust(c.Context(), *shared, func(_ *trustDesk, t *schema.Trust) error {
				if roots > 0 {
					t.Root.Threshold = roots
				}
				if admins > 0 {
					t.Root.Admin = admins
				}
				return nil
			})
		},
	}
	c.Flags().IntVar(&roots, "roots", 0, "`N` roots sign a change of the trust directory")
	c.Flags().IntVar(&admins, "admins", 0, "`N` admins sign a change of the other control files")
	return c
}
