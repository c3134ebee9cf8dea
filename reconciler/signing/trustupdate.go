package signing

import (
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// The codes of a trust version that may not come into force.
const (
	CodeTrustThreshold  schema.Code = "trust-threshold"
	CodeTrustSequence   schema.Code = "trust-sequence"
	CodeTrustRollback   schema.Code = "trust-rollback"
	CodeTrustLockout    schema.Code = "trust-lockout"
	CodeTrustProof      schema.Code = "trust-proof"
	CodeTrustRoots      schema.Code = "trust-roots"
	CodeTrustKey        schema.Code = "trust-key"
	CodeTrustRevocation schema.Code = "trust-revocation"
	CodeTrustLogKeys    schema.Code = "trust-log-keys"
	CodeRootExpired     schema.Code = "root-expired"
	CodeConfig          schema.Code = "config"
	CodeAnchorMismatch  schema.Code = "anchor-mismatch"
	CodeAnchorMissing   schema.Code = "anchor-missing"
)

// Update says whether a version of the trust may come into force. The zero Update says no.
type Update struct {
	OK      bool
	Version int
	// Code and Detail are of the first finding. While signatures alone are missing, it is trust-threshold.
	Code     schema.Code
	Detail   string
	Findings []UpdateFinding
	// By are the roots of the version before whose signatures count, New those of the version itself; each person once.
	By, New          []string
	NeedOld, NeedNew int
	Refused          []string // signatures that do not count, and why
	Added            []string // paths of the keys that are new
}

// UpdateFinding is one reason against a version.
type UpdateFinding struct {
	Code   schema.Code
	Detail string
}

func (u *Update) find(code schema.Code, format string, args ...any) {
	u.Findings = append(u.Findings, UpdateFinding{code, fmt.Sprintf(format, args...)})
}

func (u Update) finish() Update {
	u.OK = len(u.Findings) == 0
	if !u.OK {
		u.Code, u.Detail = u.Findings[0].Code, u.Findings[0].Detail
	}
	return u
}

// CheckUpdate judges the step from the version in force to the next one, as TUF does: it is one more, names the digest of
// the one before, and the thresholds of roots of both signed its root.yaml, each counted under its own version. It also
// refuses what could not be mended later: a lock-out, keys that nobody proved to hold, keys that left without a reason, a
// log key replaced at once. highWater is the highest version that the ledger ever had in force.
func CheckUpdate(old schema.Trust, next TrustVersion, at time.Time, highWater int) Update {
	u := Update{Version: next.Trust.Root.Version, NeedOld: max(old.Root.Threshold, 1), NeedNew: max(next.Trust.Root.Threshold, 1)}
	u.sequence(old, next, highWater)
	u.itself(next, at)
	accept := Acceptance{At: at}
	oldRing, _ := NewKeyring(old)
	newRing, problems := NewKeyring(next.Trust)
	u.malformed(problems)
	u.lockout(newRing, next.Trust, accept)
	u.logKeys(old.Root.LogKeys, next.Trust.Root.LogKeys)

	byOld, refusedOld := next.signers(oldRing, old, accept)
	byNew, refusedNew := next.signers(newRing, next.Trust, accept)
	u.By, u.New = people(byOld), people(byNew)
	u.refuse(refusedOld, refusedNew)

	changes := newKeyChanges(old, next.Trust)
	u.left(changes, oldRing, accept)
	u.proofs(changes.added, next.Trust, byNew, accept)
	u.threshold()
	return u.finish()
}

// CheckFirst judges version 1 by itself, before anybody trusts its digest: its roots signed it, and each key that did not
// sign it has a proof. Whoever is told the anchor vouches for version 1 as a whole, so the anchor alone brings it into
// force; this is what a person should ask before telling it.
func CheckFirst(v TrustVersion, at time.Time) Update {
	u := Update{Version: v.Trust.Root.Version, NeedNew: max(v.Trust.Root.Threshold, 1)}
	if v.Trust.Root.Version != 1 || v.Trust.Root.Prev != "" {
		u.find(CodeTrustSequence, "version %d is not the first", v.Trust.Root.Version)
	}
	u.itself(v, at)
	accept := Acceptance{At: at}
	ring, problems := NewKeyring(v.Trust)
	u.malformed(problems)
	u.lockout(ring, v.Trust, accept)
	by, refused := v.signers(ring, v.Trust, accept)
	u.New = people(by)
	u.refuse(refused, refused)
	u.proofs(v.Trust.Keys, v.Trust, by, accept)
	u.threshold()
	return u.finish()
}

// TrustStep is a version and when it came into force.
type TrustStep struct {
	TrustVersion
	At time.Time // of the ledger's control entry
}

// CheckChain judges all versions from the anchor on, in order, for an auditor. It returns an Update per version, up to the
// first that is refused; the chain holds if the last one is OK and there is one for each version. No versions are one
// refusal, so that nothing is proved by an empty chain.
func CheckChain(anchor schema.Digest, chain []TrustStep) []Update {
	if len(chain) == 0 {
		return []Update{refuseVersion(0, CodeAnchorMissing, "there is no version of the trust directory")}
	}
	first := chain[0]
	if first.Trust.Root.Version != 1 || !first.sameBytes() || first.Trust.RootDigest != anchor {
		return []Update{refuseVersion(first.Trust.Root.Version, CodeAnchorMismatch, "the first version is "+string(first.Trust.RootDigest)+", the anchor is "+string(anchor))}
	}
	out := []Update{{OK: true, Version: 1}}
	for i, step := range chain[1:] {
		u := CheckUpdate(chain[i].Trust, step.TrustVersion, step.At, chain[i].Trust.Root.Version)
		if step.At.Before(chain[i].At) {
			u.find(CodeTrustSequence, "version %d came into force before version %d", step.Trust.Root.Version, chain[i].Trust.Root.Version)
			u = u.finish()
		}
		out = append(out, u)
		if !u.OK {
			break
		}
	}
	return out
}

func refuseVersion(version int, code schema.Code, detail string) Update {
	u := Update{Version: version}
	u.find(code, "%s", detail)
	return u.finish()
}
