package policies

import (
	"github.com/sluice-gitops/sluice/schema"
)

// Signed asks that every commit which changes the cell is signed by a known person who may author there, or by a bot
// that only copies what people signed before.
type Signed struct{}

// signatureHolds are the verdicts that evidence, time or a trust change can still mend; every other one denies.
var signatureHolds = map[schema.Code]bool{
	"unsigned": true, "unknown-key": true, "key-expired": true, "key-expired-openpgp": true,
	"key-not-yet-valid": true, "forge-key-only": true, "principal-not-authorised": true, "signature-too-old": true,
}

// Evaluate has one part per commit that does not count; a landing without any commit to judge is unsigned.
func (Signed) Evaluate(f Facts) schema.Verdict {
	const policy = "signed"
	if len(f.Commits) == 0 {
		return answer(policy, schema.Hold, "unsigned", "commit", f.Landing.Tip.Short())
	}
	var parts []schema.Verdict
	for _, c := range f.Commits {
		if code := signatureCode(f, c); code != "ok" {
			parts = append(parts, badCommit(policy, c, code))
		}
	}
	if len(parts) == 0 {
		v := allow(policy)
		v.Args = map[string]string{"signers": list(signers(f.Commits)), "commits": number(len(f.Commits))}
		return v
	}
	return schema.All(policy, parts...)
}

func badCommit(policy string, c schema.CommitVerdict, code schema.Code) schema.Verdict {
	outcome := schema.Deny
	if signatureHolds[code] {
		outcome = schema.Hold
	}
	v := answer(policy, outcome, code, "commit", c.Commit.Short())
	if c.Principal != "" {
		v.Args["person"] = c.Principal
	}
	if c.Key != "" {
		v.Args["key"] = c.Key
	}
	return v
}

// signatureCode adds the question of role to the signature's own verdict.
func signatureCode(f Facts, c schema.CommitVerdict) schema.Code {
	if !c.OK() {
		return c.Code
	}
	p, ok := f.Trust.Principal(c.Principal)
	if !ok {
		return "unknown-key"
	}
	if p.Has(schema.RoleAuthor, f.Cell) || p.Has(schema.RoleRelease, f.Cell) {
		return "ok"
	}
	if p.Has(schema.RoleBot, f.Cell) && botMayCopy(f.Change) {
		return "ok"
	}
	return "principal-not-authorised"
}

// botMayCopy holds RULES R22: a bot moves admitted revisions, never puts one together, and never writes a stage-local file.
func botMayCopy(c schema.Change) bool {
	return !c.Tune && len(c.Files) == 0 && (c.Kind == schema.Promote || c.Kind == schema.Rollback)
}
