package policies_test

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"

	"github.com/sluice-gitops/sluice/policies"
)

// The moment of every decision here, and the people of the project.
var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	gray = schema.Cell{Stage: "gray", App: "payments"}
)

const forge = "gitlab.example.com"

func r(n byte) schema.Revision { return schema.Revision(schema.DigestOf([]byte{n})) }
func c(n byte) schema.Content  { return schema.Content(schema.DigestOf([]byte{n})) }
func id(n byte) (h schema.Hash) {
	h[0] = n
	return h
}

func person(name string, account int64, roles ...schema.RoleName) schema.Principal {
	p := schema.Principal{ID: name, Emails: []string{name + "@example.com"}, Forge: []schema.ForgeAccount{{Host: forge, UserID: account}}}
	for _, role := range roles {
		p.Roles = append(p.Roles, schema.Role{Name: role, Stage: gray.Stage})
	}
	return p
}

func people() schema.Trust {
	limited := person("lim", 5)
	limited.Roles = []schema.Role{{Name: schema.RoleApprover, Stage: gray.Stage, Apps: schema.Patterns{"search"}}}
	elsewhere := person("els", 6)
	elsewhere.Roles = []schema.Role{{Name: schema.RoleApprover, Stage: "production"}}
	return schema.Trust{Principals: []schema.Principal{
		person("ann", 1, schema.RoleAuthor, schema.RoleApprover), person("bob", 2, schema.RoleApprover), person("carol", 3, schema.RoleApprover),
		person("bot", 4, schema.RoleBot), limited, elsewhere, person("vis", 7), person("rel", 8, schema.RoleRelease),
	}}
}

func account(id int64) schema.Account {
	return schema.Account{ID: id, State: "active", AccessLevel: 40}
}

// promotion is a change with nothing wrong: signed by ann, merged at noon less ten minutes, live in staging for a day.
func promotion() policies.Facts {
	return policies.Facts{
		Now: noon, Cell: gray, Ref: "refs/heads/main", Trust: people(),
		Change: schema.Change{
			Kind: schema.Promote, From: schema.Side{Revision: r(1), Content: c(1)}, To: schema.Side{Revision: r(2), Content: c(2)},
			Source: &schema.Source{Stage: "staging", Seq: 7, LiveAt: noon.Add(-24 * time.Hour), Soaked: 24 * time.Hour, SoakingSince: noon.Add(-24 * time.Hour)},
		},
		Landing: schema.Landing{Ref: "refs/heads/main", Tip: id(9), Head: id(8), Method: schema.MergeCommit, Bound: schema.Binding{OK: true}},
		Commits: []schema.CommitVerdict{signed("ann")},
		MergeRequest: &schema.MergeRequest{
			Host: forge, IID: 42, State: "merged", TargetRef: "refs/heads/main", Author: account(1), Head: id(8), MergedAt: noon.Add(-10 * time.Minute),
		},
	}
}

func signed(by string) schema.CommitVerdict {
	return schema.CommitVerdict{Commit: id(8), Code: "ok", Principal: by, Author: schema.Identity{Email: by + "@example.com"}, Committer: schema.Identity{Email: by + "@example.com"}}
}

// by is an approval that was given in time, on exactly the change.
func by(accountID int64) schema.GivenApproval {
	return schema.GivenApproval{By: account(accountID), At: noon.Add(-time.Hour), Version: 1, Head: id(8), From: c(1), To: c(2)}
}

func codes(v schema.Verdict) []schema.Code {
	var out []schema.Code
	for _, m := range v.Missing() {
		out = append(out, m.Code)
	}
	return out
}
