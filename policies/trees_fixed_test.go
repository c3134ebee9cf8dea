package policies_test

import (
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// pinnedGate is what always holds, as a gate without policies asks it; of its answer the suspension alone is shown.
type pinnedGate struct{}

func (pinnedGate) Evaluate(f policies.Facts) schema.Verdict {
	gate, err := policies.ForGate(schema.Gates{}, schema.Promote)
	if err != nil {
		return schema.Verdict{}
	}
	for _, part := range gate.Evaluate(f).Parts {
		if part.Policy == "suspension" {
			return part
		}
	}
	return schema.Verdict{Policy: "suspension", Outcome: schema.Allow}
}

// fixedTrees are those of what always holds.
func fixedTrees() []shown {
	mr, signedBy, from := policies.MergeRequest{}, policies.Signed{}, policies.Provenance{}
	kind := func(k schema.Kind, code schema.Code) func(*policies.Facts) {
		return func(f *policies.Facts) { f.Change.Kind, f.Change.Code = k, code }
	}
	landed := func(code schema.Code, paths ...string) func(*policies.Facts) {
		return func(f *policies.Facts) { f.Landing.Bound = schema.Binding{Code: code, Paths: paths} }
	}
	commit := func(code schema.Code) func(*policies.Facts) {
		return func(f *policies.Facts) { f.Commits[0].Code = code }
	}
	return []shown{
		{"trust", "allow", "the root holds", policies.TrustValid{}, nil},
		{"trust", "allow", "it ran out, and a stage goes back", policies.TrustValid{}, func(f *policies.Facts) { f.Change.Kind, f.Trust.Root.ExpiresAt = schema.Rollback, noon }},
		{"trust", "hold", "it ran out", policies.TrustValid{}, func(f *policies.Facts) { f.Trust.Root.ExpiresAt = noon }},

		{"merge-request", "allow", "it brought the change", mr, nil},
		{"merge-request", "hold", "it is a draft", mr, func(f *policies.Facts) { f.MergeRequest.Draft = true }},
		{"merge-request", "hold", "somebody else changed the app meanwhile", mr, landed("rebase-needed", "app.yaml")},
		{"merge-request", "deny", "it was for another ref", mr, func(f *policies.Facts) { f.MergeRequest.TargetRef = "refs/heads/other" }},
		{"merge-request", "deny", "control files change with it", mr, func(f *policies.Facts) { f.Mixed = true }},
		{"merge-request", "deny", "the merge commit holds other files", mr, landed("evil-merge", "app.yaml")},
		{"merge-request", "deny", "so does the squash", mr, landed("squash-mismatch", "app.yaml")},
		{"merge-request", "deny", "the commit has parents that no method makes", mr, landed("history-shape")},
		{"merge-request", "missing", "the forge knows none", mr, func(f *policies.Facts) { f.MergeRequest = nil }},
		{"merge-request", "missing", "the signed head is gone", mr, landed("evidence-missing")},

		{"signed", "allow", "an author signed it", signedBy, nil},
		{"signed", "hold", "one commit of two is unsigned", signedBy, func(f *policies.Facts) {
			f.Commits = append(f.Commits, schema.CommitVerdict{Commit: id(7), Code: "unsigned"})
		}},
		{"signed", "hold", "the forge's own key signed it", signedBy, commit("forge-key-only")},
		{"signed", "hold", "somebody without the role signed it", signedBy, func(f *policies.Facts) { f.Commits[0].Principal = "vis" }},
		{"signed", "deny", "the key was revoked", signedBy, commit("key-revoked")},
		{"signed", "missing", "no commit is known", signedBy, func(f *policies.Facts) { f.Commits = nil }},

		{"provenance", "allow", "it is live in the stage before", from, nil},
		{"provenance", "allow", "it ran here before", from, kind(schema.Rollback, "")},
		{"provenance", "allow", "it is written where edits enter", from, kind(schema.Edit, "")},
		{"provenance", "allow", "stage-local files alone", from, kind(schema.Tune, "")},
		{"provenance", "allow", "the app leaves", from, kind(schema.Retire, "")},
		{"provenance", "hold", "the source cannot be verified", from, func(f *policies.Facts) { f.Change.Source.Down = true }},
		{"provenance", "deny", "it comes from nowhere", from, kind(schema.Override, "override")},
		{"provenance", "deny", "it is not live in the stage before", from, kind(schema.Override, "not-live")},
		{"provenance", "deny", "no way leads here any more", from, func(f *policies.Facts) { f.Change.Kind, f.Change.Code, f.Unlinked = schema.Override, "no-edge", 91 }},
		{"provenance", "deny", "it was rolled back from there", from, kind(schema.Override, "withdrawn")},
		{"provenance", "deny", "it is tainted", from, kind(schema.Override, "tainted")},
		{"provenance", "deny", "it is archived", from, kind(schema.Override, "archived")},
		{"provenance", "missing", "what it is was not found out", from, kind(schema.Unclassified, "")},
		{"provenance", "missing", "the source of a promotion is not known", from, func(f *policies.Facts) { f.Change.Source = nil }},

		{"content", "allow", "plain files", policies.ContentRules{}, nil},
		{"content", "deny", "a symbolic link, and a file that no target holds", policies.ContentRules{}, func(f *policies.Facts) {
			f.Problems = []schema.Problem{{Path: "link", Code: "unsupported-entry", Detail: "a symbolic link"}}
			f.Misfits = []schema.Verdict{{Policy: "content", Outcome: schema.Deny, Code: "too-large", Args: map[string]string{"target": "configmap", "size": "1500213", "limit": "1048576"}}}
		}},
		{"retirement", "allow", "its record is in force", policies.RetirementRecord{}, func(f *policies.Facts) { f.Retirement = true }},
		{"retirement", "hold", "it waits for its record", policies.RetirementRecord{}, func(f *policies.Facts) { f.Change.Kind = schema.Retire }},
		{"retirement", "missing", "no record is known", policies.RetirementRecord{}, func(f *policies.Facts) { *f = policies.Facts{Cell: gray} }},
		{"suspension", "allow", "nothing pins the app", pinnedGate{}, nil},
		{"suspension", "hold", "people pinned it", pinnedGate{}, func(f *policies.Facts) {
			f.Suspended = &policies.Suspension{Entry: 12, Until: noon.Add(time.Hour), Reason: "audit"}
		}},
	}
}
