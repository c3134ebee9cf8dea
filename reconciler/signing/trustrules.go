package signing

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// sequence holds the version to the one before and to all that ever were.
func (u *Update) sequence(old schema.Trust, next TrustVersion, highWater int) {
	root := next.Trust.Root
	inForce := max(highWater, old.Root.Version)
	switch {
	case root.Version <= inForce:
		u.find(CodeTrustRollback, "version %d is not newer than %d, which was in force", root.Version, inForce)
	case root.Version != old.Root.Version+1:
		u.find(CodeTrustSequence, "version %d does not follow version %d", root.Version, old.Root.Version)
	case root.Prev != old.RootDigest:
		u.find(CodeTrustSequence, "prev is %s, the version in force is %s", root.Prev, old.RootDigest)
	}
	if root.Project != old.Root.Project {
		u.find(CodeConfig, "the project is %s, it was %s", root.Project, old.Root.Project)
	}
}

// itself holds root.yaml to itself and to the clock.
func (u *Update) itself(v TrustVersion, at time.Time) {
	root := v.Trust.Root
	distinct := slices.Compact(slices.Sorted(slices.Values(root.Roots)))
	switch {
	case !v.sameBytes():
		u.find(CodeConfig, "the trust was not read from this root.yaml")
	case root.Threshold < 1 || root.Threshold > len(distinct) || len(distinct) != len(root.Roots):
		u.find(CodeConfig, "threshold %d of %d roots", root.Threshold, len(distinct))
	}
	if !root.ExpiresAt.After(at) {
		u.find(CodeRootExpired, "it ran out at %s", stamp(root.ExpiresAt))
	}
}

// malformed blocks a version with any key that the ring would disable (THREATS 21, 23).
func (u *Update) malformed(problems []error) {
	for _, problem := range problems {
		code := CodeTrustKey
		var key *KeyError
		if errors.As(problem, &key) && key.Code == CodeAmbiguousKey {
			code = CodeAmbiguousKey
		}
		u.find(code, "%v", problem)
	}
}

// lockout asks that enough roots can sign the next change, and from two signatures on that one more can, so that one lost
// key locks nobody out. A project of one person has only itself.
func (u *Update) lockout(ring *Keyring, t schema.Trust, at Acceptance) {
	can := rootsWithKeys(ring, t, at)
	for _, id := range t.Root.Roots {
		if !slices.Contains(can, id) {
			u.find(CodeTrustRoots, "%s is a root without a key that may sign as one now", id)
		}
	}
	need := t.Root.Threshold
	if need > 1 {
		need++
	}
	if len(can) < need {
		u.find(CodeTrustLockout, "%d of %d roots have to sign and %d can: one lost key locks everybody out", t.Root.Threshold, len(t.Root.Roots), len(can))
	}
}

// logKeys asks that one key stays, which hands over to a new one in the ledger (RULES R23).
func (u *Update) logKeys(old, next []string) {
	if len(old) > 0 && !slices.ContainsFunc(old, func(line string) bool {
		return slices.ContainsFunc(next, func(other string) bool { return sameLine(line, other) })
	}) {
		u.find(CodeTrustLogKeys, "no log key of the version before stays")
	}
}

// sameLine compares public key lines without their comments.
func sameLine(a, b string) bool {
	first, errFirst := parsePublicLine([]byte(a))
	second, errSecond := parsePublicLine([]byte(b))
	return errFirst == nil && errSecond == nil && string(first.Marshal()) == string(second.Marshal())
}

// refuse names the signatures that count under neither version.
func (u *Update) refuse(old, next map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(next)) {
		if why, refused := old[name]; refused {
			if why != next[name] {
				why += "; in the new version " + next[name]
			}
			u.Refused = append(u.Refused, "root.sig/"+name+": "+why)
		}
	}
}

// proofs asks for a proof of possession of each new key. A key that signed this root.yaml, whose files name it as its
// owner's, has shown it already.
func (u *Update) proofs(added []schema.Key, t schema.Trust, signers []rootSigner, at Acceptance) {
	for _, key := range added {
		u.Added = append(u.Added, key.Path)
		if slices.Contains(signers, rootSigner{principal: key.Principal, key: Fingerprint(key)}) {
			continue
		}
		if why := checkProof(t, key, at); why != "" {
			u.find(CodeTrustProof, "%s: %s", key.Path, why)
		}
	}
}

// threshold comes last: what is wrong with the version itself is not mended by more signatures.
func (u *Update) threshold() {
	if len(u.By) < u.NeedOld {
		u.find(CodeTrustThreshold, "%d of %d roots of the version before signed%s", len(u.By), u.NeedOld, named(u.By))
	}
	if len(u.New) < u.NeedNew {
		u.find(CodeTrustThreshold, "%d of %d roots of the new version signed%s", len(u.New), u.NeedNew, named(u.New))
	}
}

func named(people []string) string {
	if len(people) == 0 {
		return ""
	}
	return ": " + strings.Join(people, ", ")
}
