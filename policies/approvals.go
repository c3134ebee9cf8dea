package policies

import (
	"sort"
	"strconv"

	"github.com/sluice-gitops/sluice/schema"
)

// Approvals asks for a number of people who approved exactly this change: their approval was given on a version of the
// merge request that does to the cell what landed, in time, by somebody with the role who did not work on it.
type Approvals struct {
	Observed int // as the forge tells them, or by signature
	Signed   int // by the approver's own signature, among those or beside them
	// Roles are who may approve; empty is the stage's own approver role.
	Roles []schema.RoleName
	// Paths are files of which one has to change for the question to be asked; nil asks about every change.
	Paths schema.Patterns
	// Owners are the people whose approval counts, of those who have the role; nil is all of them.
	Owners []string
	// AfterLive asks that an approval of a promotion was given after the content was live in the stage before (RULES R16).
	AfterLive bool
	// BindHead asks for the landed head itself, not only for equal content.
	BindHead bool
}

// developer is the forge's membership level from which an approval counts.
const developer = 30

// Evaluate has one part per approval, counted or not, and its own code says how many are missing. A person counts once,
// however many accounts or keys approved. A signed approval also counts as an observed one: it says more (S27).
func (a Approvals) Evaluate(f Facts) schema.Verdict {
	const policy = "approvals"
	if a.Observed == 0 && a.Signed == 0 {
		return allow(policy)
	}
	about, asked := a.about(f)
	if !asked {
		return answer(policy, schema.Allow, "", "untouched", joined(a.Paths))
	}
	excluded := a.excluded(f)
	signed, signedParts := a.signed(f, excluded)
	counted, parts := map[string]bool{}, []schema.Verdict(nil)
	for _, given := range f.Approvals {
		who, code := a.judge(f, given, excluded)
		part := answer(policy, schema.Hold, code, "by", who)
		a.explain(f, &part, who)
		if code == "" {
			part.Outcome = schema.Allow
			counted[who] = true
		}
		parts = append(parts, part)
	}
	for who := range signed {
		counted[who] = true
	}
	v := schema.Verdict{Policy: policy, Outcome: schema.Allow, Parts: append(parts, signedParts...), Args: map[string]string{
		"have": number(len(counted)), "need": number(a.Observed), "by": list(keys(counted)),
		"eligible": list(a.eligible(f, excluded, counted)),
	}}
	if about != "" {
		v.Args["for"] = about
	}
	if len(counted) < a.Observed {
		v.Outcome, v.Code = schema.Hold, "approvals-missing"
	}
	if f.Authorless && len(counted) > 0 {
		v.Parts = append(v.Parts, noAuthors(policy))
		v.Outcome = schema.Hold
	}
	return a.withSigned(v, len(signed), list(keys(signed)), list(a.eligible(f, excluded, signed)))
}

// noAuthors holds what rests on somebody not having worked on the change.
func noAuthors(policy string) schema.Verdict {
	return answer(policy, schema.Hold, "evidence-missing", "what", "who worked on it")
}

// withSigned adds what is said of signed approvals, where the gate asks for them. Where both kinds are missing there is one
// node for each.
func (a Approvals) withSigned(v schema.Verdict, have int, by, eligible string) schema.Verdict {
	if a.Signed == 0 {
		return v
	}
	node := &v
	if have < a.Signed && v.Code != "" {
		v.Parts = append(v.Parts, answer(v.Policy, schema.Hold, "signed-approvals-missing"))
		node = &v.Parts[len(v.Parts)-1]
		node.Args = map[string]string{}
		if about := v.Args["for"]; about != "" {
			node.Args["for"] = about
		}
	}
	if have < a.Signed {
		node.Outcome, node.Code = schema.Hold, "signed-approvals-missing"
	}
	node.Args["have_signed"], node.Args["need_signed"] = number(have), number(a.Signed)
	node.Args["signed_by"], node.Args["eligible_signed"] = by, eligible
	return v
}

// judge returns who gave the approval and the code of why it does not count; an empty code counts.
func (a Approvals) judge(f Facts, g schema.GivenApproval, excluded map[string]bool) (string, schema.Code) {
	person, known := f.Trust.PrincipalOfAccount(host(f), g.By.ID)
	if !known {
		return accountName(g.By), "unmapped-approver"
	}
	if code := a.bound(f, g); code != "" {
		return person.ID, code
	}
	switch {
	case g.By.Bot, g.By.State != "active", g.By.AccessLevel < developer,
		person.Has(schema.RoleBot, f.Cell), !a.MayApprove(person, f.Cell):
		return person.ID, "approver-ineligible"
	case excluded[person.ID]:
		return person.ID, "self-approval"
	case !a.acts(f, person):
		return person.ID, "role-exclusive"
	}
	return person.ID, ""
}

// bound says whether the approval was given for this change, and at a time that counts.
func (a Approvals) bound(f Facts, g schema.GivenApproval) schema.Code {
	switch {
	case g.At.IsZero():
		return "approval-unbound"
	case g.Version == 0, g.To != f.Change.To.Content, g.From != f.Change.From.Content:
		return "approval-stale"
	case a.BindHead && g.Head != f.MergeRequest.Head:
		return "approval-stale"
	case f.MergeRequest != nil && !f.MergeRequest.MergedAt.IsZero() && g.At.After(f.MergeRequest.MergedAt):
		return "approval-late"
	case a.AfterLive && f.Change.Kind == schema.Promote && !f.Change.LeavesAlone() && (f.Change.Source == nil || !g.At.After(f.Change.Source.LiveAt)):
		return "approval-too-early"
	}
	return ""
}

// excluded are the people who worked on the change: by signature, by what commits claim, by the merge request, and by
// the edits that a promotion carries.
func (a Approvals) excluded(f Facts) map[string]bool {
	out := map[string]bool{}
	for _, who := range f.Excluded {
		out[who] = true
	}
	for _, who := range Authors(f) {
		out[who] = true
	}
	return out
}

func (a Approvals) eligible(f Facts, excluded, counted map[string]bool) []string {
	var out []string
	for _, p := range f.Trust.Principals {
		if a.MayApprove(p, f.Cell) && a.acts(f, p) && !p.Has(schema.RoleBot, f.Cell) && !excluded[p.ID] && !counted[p.ID] {
			out = append(out, p.ID)
		}
	}
	return out
}

// Authors names everybody who worked on the landing: signers, authors, committers and co-authors of its commits, and the
// merge request's author. A person is named by principal; an address or account that is nobody's, by itself.
func Authors(f Facts) []string {
	seen := map[string]bool{}
	for _, c := range f.Commits {
		if c.Principal != "" {
			seen[c.Principal] = true
		}
		for _, who := range append([]schema.Identity{c.Author, c.Committer}, c.CoAuthors...) {
			if who.Email == "" {
				continue
			}
			if p, ok := f.Trust.PrincipalOfEmail(who.Email); ok {
				seen[p.ID] = true
			} else {
				seen["mailto:"+who.Email] = true
			}
		}
	}
	if f.MergeRequest != nil {
		seen[AccountPerson(f.Trust, f.MergeRequest.Host, f.MergeRequest.Author)] = true
	}
	return keys(seen)
}

// AccountPerson names the principal behind a forge account, or the account where it is nobody's.
func AccountPerson(t schema.Trust, host string, a schema.Account) string {
	if p, ok := t.PrincipalOfAccount(host, a.ID); ok {
		return p.ID
	}
	return accountName(a)
}

func accountName(a schema.Account) string { return "account:" + strconv.FormatInt(a.ID, 10) }

func host(f Facts) string {
	if f.MergeRequest == nil {
		return ""
	}
	return f.MergeRequest.Host
}

func keys(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
