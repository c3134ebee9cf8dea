package schema

import (
	"slices"
	"time"
)

// Next begins the version after this one: one more, with the digest of this one, made at the time. What else is to change is
// the caller's; it shares no lists with t. Files writes it, and then the roots sign.
func (t Trust) Next(at time.Time) Trust {
	next := t
	next.Root.Version, next.Root.Prev = t.Root.Version+1, t.RootDigest
	next.Root.CreatedAt = at.UTC().Truncate(time.Second)
	next.Root.Roots, next.Root.LogKeys = slices.Clone(t.Root.Roots), slices.Clone(t.Root.LogKeys)
	next.Root.Witnesses.Keys = slices.Clone(t.Root.Witnesses.Keys)
	next.Root.Files, next.RootDigest = "", ""
	next.Principals, next.Keys = slices.Clone(t.Principals), slices.Clone(t.Keys)
	for i, p := range next.Principals {
		next.Principals[i].Roles, next.Principals[i].Forge, next.Principals[i].Emails = slices.Clone(p.Roles), slices.Clone(p.Forge), slices.Clone(p.Emails)
	}
	next.ForgeKeys = slices.Clone(t.ForgeKeys)
	for i, k := range next.Keys {
		next.Keys[i].Usages = slices.Clone(k.Usages)
		if k.Revoked != nil {
			revoked := *k.Revoked
			next.Keys[i].Revoked = &revoked
		}
	}
	return next
}
