package main

import (
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

const rootSoon = 30 * 24 * time.Hour

// trusted compares the reconciler's keys with the trust in force, and looks at the trust itself.
func (d *doctorDesk) trusted() {
	if d.trust == nil {
		d.add(groupTrust, "root", "", schema.GuardUnknown, "", "nothing says what is in force")
		d.advise("mend what fails above, then ask again")
		return
	}
	root := d.trust.Root
	left := root.ExpiresAt.Sub(d.now)
	day := root.ExpiresAt.UTC().Format(time.DateOnly)
	switch {
	case left <= 0:
		d.add(groupTrust, "root", "", schema.GuardFail, "root-expired", "version %d ran out on %s", root.Version, day)
	case left <= rootSoon:
		d.add(groupTrust, "root", "", schema.GuardWarn, "root-ends", "version %d runs out on %s", root.Version, day)
	default:
		d.ok(groupTrust, "root", "", "version %d, until %s", root.Version, day)
	}
	if root.Threshold < 2 {
		d.add(groupTrust, "roots", "", schema.GuardWarn, "one-root", "%s, threshold %d", count(int64(len(root.Roots)), "root", "roots"), root.Threshold)
	} else {
		d.ok(groupTrust, "roots", "", "%d of %d roots", root.Threshold, len(root.Roots))
	}
	d.logKey("log key", d.op.LogKeyFile)
	d.logKey("next log key", d.op.NextLogKeyFile)
	d.botKey()
}

func (d *doctorDesk) logKey(name, path string) {
	if path == "" {
		return
	}
	key, err := signing.LoadLogKey(path)
	if err != nil {
		d.add(groupTrust, name, "", schema.GuardFail, "", "%v", reason(err))
		d.advise("put the private key there that sluice init --keys made, readable by its owner alone")
		return
	}
	if !slices.Contains(d.trust.Root.LogKeys, ledger.FormatLogKey(key.PublicKey())) {
		d.add(groupTrust, name, "", schema.GuardFail, "key-unnamed", "%s", key.ID())
		return
	}
	d.ok(groupTrust, name, "", "%s, named by the trust", key.ID())
}

// botKey signs something, so that the trust says whose key it is.
func (d *doctorDesk) botKey() {
	if d.op.BotKeyFile == "" {
		return
	}
	key, err := signing.LoadSSHSigner(d.op.BotKeyFile)
	if err != nil {
		d.add(groupTrust, "bot key", "", schema.GuardFail, "", "%v", reason(err))
		d.advise("put the private key there that sluice init --keys made, readable by its owner alone")
		return
	}
	const namespace, message = "sluice-doctor", "whose key is this?"
	signature, err := key.Sign(namespace, []byte(message))
	if err != nil {
		d.add(groupTrust, "bot key", "", schema.GuardFail, "", "%v", err)
		d.advise("put an unencrypted private key there")
		return
	}
	who, code := d.ring.Detached(namespace, []byte(message), signature, schema.UsageCommit, signing.Acceptance{At: d.now})
	bot := slices.ContainsFunc(d.trust.Principals, func(p schema.Principal) bool {
		return p.ID == who.Principal && slices.ContainsFunc(p.Roles, func(r schema.Role) bool { return r.Name == schema.RoleBot })
	})
	switch {
	case code == "ok" && bot:
		d.ok(groupTrust, "bot key", "", "%s, of %s", key.Fingerprint(), who.Principal)
	case who.Principal != "" && code == "ok":
		d.add(groupTrust, "bot key", "", schema.GuardFail, "key-unnamed", "%s is of %s, who has not the role bot", key.Fingerprint(), who.Principal)
	default:
		d.add(groupTrust, "bot key", "", schema.GuardFail, "key-unnamed", "%s", key.Fingerprint())
	}
}
