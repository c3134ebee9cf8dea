package policies

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TrustValid asks that the trust root in force has not run out (RULES R28). Going back to what was admitted before needs no new
// trust, so a rollback passes, and its verdict says under what.
type TrustValid struct{}

// Evaluate holds everything but a rollback until the roots sign a new version.
func (TrustValid) Evaluate(f Facts) schema.Verdict {
	const policy = "trust"
	if !f.Trust.Expired(f.Now) {
		return allow(policy)
	}
	at := f.Trust.Root.ExpiresAt.UTC().Format(time.RFC3339)
	if f.Change.Kind == schema.Rollback {
		return answer(policy, schema.Allow, "", "expired", at)
	}
	return answer(policy, schema.Hold, "root-expired", "at", at)
}
