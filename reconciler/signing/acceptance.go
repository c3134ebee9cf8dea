package signing

import (
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// The bounds of an Acceptance that does not set its own.
const (
	DefaultSkew   = 5 * time.Minute
	DefaultMaxAge = 30 * 24 * time.Hour
)

// Acceptance is when, and after which entry of the ledger, a signature is judged. Validity follows from it, never from
// the committer's clock. The zero Acceptance accepts nothing, since every signature lies in its future.
type Acceptance struct {
	At     time.Time
	Skew   time.Duration // how far a signer's clock may run ahead; zero is DefaultSkew
	MaxAge time.Duration // how old a signature may be; zero is DefaultMaxAge
	// LastSeq is the ledger's last entry at the time. It matters in a replay alone: a key marked compromised after an
	// entry still counts for what was accepted up to it and before the mark was made.
	LastSeq int64
}

// check says whether a key of the trust counts at the time, for a signature made at signedAt. A signedAt that the
// signer merely claims (trusted is false) is held against the two sanity bounds alone; the zero signedAt against none.
func (a Acceptance) check(key schema.Key, signedAt time.Time, trusted bool) (schema.Code, string) {
	if code, detail := a.revoked(key.Revoked); code != CodeOK {
		return code, detail
	}
	from, until := key.ValidFrom, key.ValidUntil
	if !from.IsZero() && (a.At.Before(from) || (trusted && signedAt.Before(from))) {
		return CodeKeyNotYetValid, fmt.Sprintf("the key counts from %s", stamp(from))
	}
	if !until.IsZero() && a.At.After(until) {
		return CodeKeyExpired, fmt.Sprintf("the key counted until %s", stamp(until))
	}
	return a.bounds(signedAt)
}

// revoked judges a revocation. One without a time holds for all time.
func (a Acceptance) revoked(r *schema.Revocation) (schema.Code, string) {
	if r == nil {
		return CodeOK, ""
	}
	before := !r.At.IsZero() && a.At.Before(r.At)
	if r.Reason == "compromised" {
		if before && a.LastSeq > 0 && a.LastSeq < r.DistrustAfterEntry {
			return CodeOK, ""
		}
		return CodeKeyCompromised, fmt.Sprintf("compromised; distrusted after entry %d", r.DistrustAfterEntry)
	}
	if before {
		return CodeOK, ""
	}
	return CodeKeyRevoked, fmt.Sprintf("revoked (%s) at %s", r.Reason, stamp(r.At))
}

// bounds holds a signature's time against the clock of the judgement.
func (a Acceptance) bounds(signedAt time.Time) (schema.Code, string) {
	if signedAt.IsZero() {
		return CodeOK, ""
	}
	maxAge := a.MaxAge
	if maxAge == 0 {
		maxAge = DefaultMaxAge
	}
	if signedAt.After(a.At.Add(a.skew())) {
		return CodeSignatureInFuture, fmt.Sprintf("signed at %s, judged at %s", stamp(signedAt), stamp(a.At))
	}
	if signedAt.Before(a.At.Add(-maxAge)) {
		return CodeSignatureTooOld, fmt.Sprintf("signed at %s, more than %s before %s", stamp(signedAt), maxAge, stamp(a.At))
	}
	return CodeOK, ""
}

func (a Acceptance) skew() time.Duration {
	if a.Skew == 0 {
		return DefaultSkew
	}
	return a.Skew
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format(time.RFC3339)
}
