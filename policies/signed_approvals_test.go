package policies_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

var gateDigest = schema.DigestOf([]byte("gate of gray"))

// signable is the promotion, as far as the ledger knows of it: admitted at 30, live in staging at 40, 50 entries.
func signable() policies.Facts {
	f := promotion()
	f.Trust.Root = schema.Root{Version: 3, Project: "3f2a9c1e"}
	f.MergeRequest.ProjectID = 7
	f.Gate, f.Admitted, f.Live = gateDigest, 30, 40
	return f
}

// signs is an approval by signature of exactly the change, given after all that matters.
func signs(by string, edits ...func(*schema.SignedApproval)) schema.SignedApproval {
	last := schema.DigestOf([]byte("entry 50"))
	a := schema.SignedApproval{
		Principal: by, Key: "SHA256:" + by, Code: "ok", Entry: last,
		Statement: schema.ApprovalStatement{
			Project: "3f2a9c1e", Made: noon.Add(-time.Hour), Trust: 3, Seen: schema.Seen{Size: 50, Entry: last},
			MergeRequest: &schema.MergeRequestName{Host: forge, ProjectID: 7, IID: 42}, Head: id(8),
			Cells: []schema.ApprovedCell{
				{Cell: gray, Ref: "refs/heads/main", From: c(1), To: c(2), Gate: gateDigest},
				{Cell: schema.Cell{Stage: "gray", App: "search"}, Ref: "refs/heads/main", From: c(5), To: c(6), Gate: gateDigest},
			},
		},
	}
	for _, edit := range edits {
		edit(&a)
	}
	return a
}

func TestSignedApprovals(t *testing.T) {
	type statement = schema.ApprovalStatement
	says := func(edit func(*statement)) func(*schema.SignedApproval) {
		return func(a *schema.SignedApproval) { edit(&a.Statement) }
	}
	cell := func(edit func(*schema.ApprovedCell)) func(*schema.SignedApproval) {
		return says(func(s *statement) { edit(&s.Cells[0]) })
	}
	one := policies.Approvals{Signed: 1}
	missing := func(code schema.Code) []schema.Code { return []schema.Code{"signed-approvals-missing", code} }
	for _, row := range []struct {
		sentence string
		policy   policies.Approvals
		signed   []schema.SignedApproval
		given    []schema.GivenApproval
		facts    func(*policies.Facts)
		codes    []schema.Code // none: allowed
	}{
		{"nobody signed", one, nil, nil, nil, []schema.Code{"signed-approvals-missing"}},
		{"one of one", one, []schema.SignedApproval{signs("bob")}, nil, nil, nil},
		{"one of two", policies.Approvals{Signed: 2}, []schema.SignedApproval{signs("bob")}, nil, nil, []schema.Code{"signed-approvals-missing"}},
		{"two of two", policies.Approvals{Signed: 2}, []schema.SignedApproval{signs("bob"), signs("carol")}, nil, nil, nil},
		{"one person with two keys", policies.Approvals{Signed: 2}, []schema.SignedApproval{signs("bob"), signs("bob", func(a *schema.SignedApproval) { a.Key = "SHA256:other" })}, nil, nil, []schema.Code{"signed-approvals-missing"}},
		{"observed alone, where a signature is asked for", one, nil, []schema.GivenApproval{by(2)}, nil, []schema.Code{"signed-approvals-missing"}},
		{"a signature, where an observed approval is asked for", policies.Approvals{Observed: 1}, []schema.SignedApproval{signs("bob")}, nil, nil, nil},
		{"two observed, of whom one signed too", policies.Approvals{Observed: 2, Signed: 1}, []schema.SignedApproval{signs("bob")}, []schema.GivenApproval{by(2), by(3)}, nil, nil},
		{"one who did both, where two people are asked for", policies.Approvals{Observed: 2, Signed: 1}, []schema.SignedApproval{signs("bob")}, []schema.GivenApproval{by(2)}, nil, []schema.Code{"approvals-missing"}},
		{"one observed, another signed", policies.Approvals{Observed: 2, Signed: 1}, []schema.SignedApproval{signs("carol")}, []schema.GivenApproval{by(2)}, nil, nil},
		{"nothing of either", policies.Approvals{Observed: 1, Signed: 1}, nil, nil, nil, []schema.Code{"approvals-missing", "signed-approvals-missing"}},

		{"given after the merge", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Made = noon }))}, nil, nil, nil},
		{"given without a merge request", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.MergeRequest, s.Head = nil, schema.Hash{} }))}, nil, nil, nil},
		{"given under an older trust version", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Trust = 2 }))}, nil, nil, nil},
		{"of another content", one, []schema.SignedApproval{signs("bob", cell(func(a *schema.ApprovedCell) { a.To = c(3) }))}, nil, nil, missing("approval-stale")},
		{"over another base", one, []schema.SignedApproval{signs("bob", cell(func(a *schema.ApprovedCell) { a.From = c(3) }))}, nil, nil, missing("approval-stale")},
		{"under another gate", one, []schema.SignedApproval{signs("bob", cell(func(a *schema.ApprovedCell) { a.Gate = schema.DigestOf([]byte("old gate")) }))}, nil, nil, missing("approval-stale")},
		{"where nobody says which gate is in force", one, []schema.SignedApproval{signs("bob", cell(func(a *schema.ApprovedCell) { a.Gate = "" }))}, nil, func(f *policies.Facts) { f.Gate = "" }, missing("approval-stale")},
		{"for another stage", one, []schema.SignedApproval{signs("bob", cell(func(a *schema.ApprovedCell) { a.Cell.Stage = "production" }))}, nil, nil, missing("evidence-context")},
		{"for another app", one, []schema.SignedApproval{signs("bob", cell(func(a *schema.ApprovedCell) { a.Cell.App = "payments/ledger" }))}, nil, nil, missing("evidence-context")},
		{"for another ref", one, []schema.SignedApproval{signs("bob", cell(func(a *schema.ApprovedCell) { a.Ref = "refs/heads/dev" }))}, nil, nil, missing("evidence-context")},
		{"for another project", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Project = "4a2a9c1e" }))}, nil, nil, missing("evidence-context")},
		{"for no project, where none is known", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Project = "" }))}, nil, func(f *policies.Facts) { f.Trust.Root.Project = "" }, missing("evidence-context")},
		{"for another merge request", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.MergeRequest.IID = 43 }))}, nil, nil, missing("evidence-context")},
		{"for the same number in another project", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.MergeRequest.ProjectID = 8 }))}, nil, nil, missing("evidence-context")},
		{"for a merge request that there is not", one, []schema.SignedApproval{signs("bob")}, nil, func(f *policies.Facts) { f.MergeRequest = nil }, missing("evidence-context")},
		{"under a trust version that is not in force", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Trust = 4 }))}, nil, nil, missing("evidence-context")},
		{"against another ledger", one, []schema.SignedApproval{signs("bob", func(a *schema.SignedApproval) { a.Entry = schema.DigestOf([]byte("fork")) })}, nil, nil, missing("evidence-context")},
		{"against a ledger that there is not", one, []schema.SignedApproval{signs("bob", func(a *schema.SignedApproval) { a.Entry, a.Statement.Seen.Entry = "", "" })}, nil, nil, missing("evidence-context")},

		{"from before what runs was admitted", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Seen.Size = 29 }))}, nil, nil, missing("evidence-replayed")},
		{"the same step, approved before a rollback", one, []schema.SignedApproval{signs("bob")}, nil, func(f *policies.Facts) { f.Admitted = 51 }, missing("evidence-replayed")},
		{"where nobody says when what runs was admitted", one, []schema.SignedApproval{signs("bob")}, nil, func(f *policies.Facts) { f.Admitted = 0 }, missing("evidence-replayed")},
		{"for the first content of a cell", one, []schema.SignedApproval{signs("bob", cell(func(a *schema.ApprovedCell) { a.From = schema.NoContent }))}, nil, func(f *policies.Facts) {
			f.Admitted, f.Change.From.Content = 0, schema.NoContent
		}, nil},

		{"before it was live in the stage before", policies.Approvals{Signed: 1, AfterLive: true}, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Seen.Size = 39 }))}, nil, nil, missing("approval-too-early")},
		{"when it had just become live", policies.Approvals{Signed: 1, AfterLive: true}, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Seen.Size = 40 }))}, nil, nil, nil},
		{"early, where any time will do", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Seen.Size = 39 }))}, nil, nil, nil},
		{"early, for an edit", policies.Approvals{Signed: 1, AfterLive: true}, []schema.SignedApproval{signs("bob")}, nil, func(f *policies.Facts) { f.Change.Kind, f.Change.Source, f.Live = schema.Edit, nil, 0 }, nil},
		{"where nobody says when it became live", policies.Approvals{Signed: 1, AfterLive: true}, []schema.SignedApproval{signs("bob")}, nil, func(f *policies.Facts) { f.Live = 0 }, missing("approval-too-early")},

		{"of the head, where the gate binds it", policies.Approvals{Signed: 1, BindHead: true}, []schema.SignedApproval{signs("bob")}, nil, nil, nil},
		{"of another head, where the gate binds it", policies.Approvals{Signed: 1, BindHead: true}, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Head = id(7) }))}, nil, nil, missing("approval-stale")},
		{"of no head, where the gate binds it", policies.Approvals{Signed: 1, BindHead: true}, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Head = schema.Hash{} }))}, nil, func(f *policies.Facts) { f.MergeRequest.Head = schema.Hash{} }, missing("approval-stale")},
		{"of a head that nobody merged, where the gate binds it", policies.Approvals{Signed: 1, BindHead: true}, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.MergeRequest = nil }))}, nil, func(f *policies.Facts) { f.MergeRequest = nil }, missing("approval-stale")},
		{"of another head, where only content counts", one, []schema.SignedApproval{signs("bob", says(func(s *statement) { s.Head = id(7) }))}, nil, nil, nil},

		{"by the author", one, []schema.SignedApproval{signs("ann")}, nil, nil, missing("self-approval")},
		{"by who edited what is promoted", one, []schema.SignedApproval{signs("bob")}, nil, func(f *policies.Facts) { f.Excluded = []string{"bob"} }, missing("self-approval")},
		{"by the robot", one, []schema.SignedApproval{signs("bot")}, nil, nil, missing("approver-ineligible")},
		{"by a robot that calls itself approver", one, []schema.SignedApproval{signs("mix")}, nil, func(f *policies.Facts) {
			f.Trust.Principals = append(f.Trust.Principals, person("mix", 0, schema.RoleApprover, schema.RoleBot))
		}, missing("approver-ineligible")},
		{"by somebody without the role", one, []schema.SignedApproval{signs("vis")}, nil, nil, missing("approver-ineligible")},
		{"by an approver of another stage", one, []schema.SignedApproval{signs("els")}, nil, nil, missing("approver-ineligible")},
		{"by an approver of another app", one, []schema.SignedApproval{signs("lim")}, nil, nil, missing("approver-ineligible")},
		{"by somebody who is in the trust no more", one, []schema.SignedApproval{signs("zoe")}, nil, nil, missing("approver-ineligible")},
		{"by a release manager, where the gate asks for one", policies.Approvals{Signed: 1, Roles: []schema.RoleName{schema.RoleRelease}}, []schema.SignedApproval{signs("rel")}, nil, nil, nil},
		{"with a revoked key", one, []schema.SignedApproval{signs("bob", func(a *schema.SignedApproval) { a.Code = "key-revoked" })}, nil, nil, missing("approval-signature")},
		{"with a signature that nobody checked", one, []schema.SignedApproval{signs("bob", func(a *schema.SignedApproval) { a.Code = "" })}, nil, nil, missing("approval-signature")},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			f := signable()
			f.Signed, f.Approvals = row.signed, row.given
			if row.facts != nil {
				row.facts(&f)
			}
			v := row.policy.Evaluate(f)
			if want := schema.Outcome(schema.Hold); len(row.codes) > 0 && v.Outcome != want {
				t.Errorf("%+v: got %s, want %s", v, v.Outcome, want)
			}
			if len(row.codes) == 0 && v.Outcome != schema.Allow {
				t.Errorf("%+v: got %s, want allow", v, v.Outcome)
			}
			if d := cmp.Diff(row.codes, codes(v)); d != "" {
				t.Errorf("codes (-want +got):\n%s", d)
			}
		})
	}
}

// TestOneApprovalServesEachCellItNames: one signature for a merge request that changes two apps.
func TestOneApprovalServesEachCellItNames(t *testing.T) {
	f := signable()
	f.Signed = []schema.SignedApproval{signs("bob")}
	f.Cell.App, f.Change.From.Content, f.Change.To.Content = "search", c(5), c(6)
	if v := (policies.Approvals{Signed: 1}).Evaluate(f); v.Outcome != schema.Allow {
		t.Errorf("got %+v", v)
	}
}

func TestSignedApprovalsAreExplained(t *testing.T) {
	f := signable()
	f.Signed = []schema.SignedApproval{signs("bob")}
	f.Approvals = []schema.GivenApproval{by(3)}
	v := policies.Approvals{Observed: 2, Signed: 2}.Evaluate(f)
	if got, want := v.Code.Message(v.Args), "1 of 2 signed approvals: bob; may sign: carol"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := v.Args["have"]+" of "+v.Args["need"]+" by "+v.Args["by"], "2 of 2 by bob, carol"; got != want {
		t.Errorf("observed: got %q, want %q", got, want)
	}
	f.Signed[0].Code = "key-expired"
	part := policies.Approvals{Signed: 1}.Evaluate(f).Parts[1]
	if got, want := part.Code.Message(part.Args), "the signature of the approval by bob does not count: key-expired"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f.Signed[0].Code, f.Signed[0].Principal = "unknown-key", ""
	part = policies.Approvals{Signed: 1}.Evaluate(f).Parts[1]
	if got, want := part.Code.Message(part.Args), "the signature of the approval by SHA256:bob does not count: unknown-key"; got != want {
		t.Errorf("of a stranger: got %q, want %q", got, want)
	}
}

// TestGatesWithoutSignedApprovalsSayNothingOfThem keeps recorded verdicts equal (RULES R33).
func TestGatesWithoutSignedApprovalsSayNothingOfThem(t *testing.T) {
	v := policies.Approvals{Observed: 1}.Evaluate(signable())
	for _, arg := range []string{"have_signed", "need_signed", "signed_by", "eligible_signed"} {
		if _, there := v.Args[arg]; there {
			t.Errorf("argument %s", arg)
		}
	}
}
