package schema

import (
	"fmt"
	"slices"
	"strings"
)

// GuardrailsSpec is the value of the guardrails policy: what has to be set at the forge while a change enters.
//
// Invariant: sorted; each occurs once; at least one.
type GuardrailsSpec struct {
	Want []string `json:"want"`
}

// The names of guard rails. The first four are about one branch, the others about the project; see [GuardrailNames] for those that a
// gate may rely on.
const (
	RailProtected    = "protected"             // a rule of the forge covers the branch
	RailNoPush       = "no-push"               // nobody and no deploy key may push past merge requests
	RailNoForcePush  = "no-force-push"         // nobody may rewrite it
	RailMerge        = "merge"                 // somebody may merge
	RailPipeline     = "pipeline"              // a merge request with a failed pipeline cannot be merged
	RailMergeMethod  = "merge-method"          // what people signed can land
	RailReset        = "approvals-reset"       // a push takes approvals away
	RailNoAuthor     = "no-author-approval"    // nobody approves a merge request of their own
	RailNoCommitter  = "no-committer-approval" // nor one that they committed to
	RailRulesFixed   = "rules-fixed"           // nobody changes the approval rules of one merge request
	RailApprovals    = "approvals"             // what the edition enforces at all
	RailArchived     = "project"               // the project is there, under its name, and not archived
	RailVersion      = "version"
	RailClock        = "clock"
	RailTokenScope   = "token-scope"
	RailTokenExpiry  = "token-expiry"
	RailPushRule     = "push-rule"
	RailHook         = "hook"
	RailLedgerPush   = "ledger-push"
	RailPromotionUse = "promotion-push"
)

// GuardrailNames are those that a gate may name.
var GuardrailNames = []string{
	RailReset, RailNoAuthor, RailNoCommitter, RailNoForcePush, RailNoPush, RailPipeline, RailProtected, RailRulesFixed,
}

// OfBranch reports whether a guard rail is about one branch, and not about the whole project.
func OfBranch(rail string) bool {
	return slices.Contains([]string{RailProtected, RailNoPush, RailNoForcePush, RailMerge}, rail)
}

// Guardrails reads the value of a guardrails policy.
func (s PolicySpec) Guardrails() (GuardrailsSpec, error) {
	var spec GuardrailsSpec
	err := s.decode("guardrails", func(src *source, v *value) { spec = src.guardrails(v, "guardrails") })
	return spec, err
}

func (s *source) guardrails(v *value, path string) GuardrailsSpec {
	if v.kind != listValue {
		s.wrongType(v, path, "a list of guard rails, like [protected, no-force-push]")
		return GuardrailsSpec{}
	}
	if len(v.items) == 0 {
		s.badValue(v, path, "", "want at least one of "+strings.Join(GuardrailNames, ", "))
	}
	var spec GuardrailsSpec
	for i, item := range v.items {
		text := s.text(item, at(path, i))
		switch {
		case text == "":
		case !slices.Contains(GuardrailNames, text):
			s.badValue(item, at(path, i), didYouMean(text, GuardrailNames), fmt.Sprintf("%q is none of %s", text, strings.Join(GuardrailNames, ", ")))
		case slices.Contains(spec.Want, text):
			s.badValue(item, at(path, i), "", text+" is named twice")
		default:
			spec.Want = append(spec.Want, text)
		}
	}
	slices.Sort(spec.Want)
	return spec
}
