package schema_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func person(id string, roles ...string) schema.Principal {
	p := schema.Principal{ID: id}
	for _, r := range roles {
		name, stage, _ := strings.Cut(r, ":")
		p.Roles = append(p.Roles, schema.Role{Name: schema.RoleName(name), Stage: schema.StageName(stage)})
	}
	return p
}

func TestAdvice(t *testing.T) {
	two := "version: 1\nstages: [{name: dev}, {name: prod, gates: {promote: ["
	rows := []struct {
		name, project string
		roots         []string
		people        []schema.Principal
		want          string
	}{
		{
			name: "three people who can approve one another", project: two + "approvals: 2]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author", "approver:prod"), person("bob", "author", "approver:prod"), person("eve", "approver:prod")},
		}, {
			name: "two of whom one is always the author", project: two + "approvals: 2]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author", "approver:prod"), person("bob", "author", "approver:prod")},
			want:   "approvals-impossible",
		}, {
			name: "an approver of another stage", project: two + "approvals: 1]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:dev")}, want: "approvals-impossible",
		}, {
			name: "a release manager where the gate says so", project: two + "approvals: {observed: 1, roles: [release]}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "release")},
		}, {
			name: "an owner whom nobody knows, and one who is the author", project: two + "approvals: {observed: 1, owners: [ann, bbo]}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author", "approver:prod"), person("bob", "approver:prod")}, want: "approvals-impossible owner-unknown",
		}, {
			name: "owners of whom one can approve", project: two + "approvals: {observed: 1, owners: [ann, bob]}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author", "approver:prod"), person("bob", "approver:prod")},
		}, {
			name: "an override that nobody can give", project: two + "approvals: 1, freeze: {weekly: Sat, zone: UTC, override: {observed: 1, roles: [release]}}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:prod")}, want: "approvals-impossible",
		}, {
			name: "two levels that one person alone could meet", project: two + "duties: {exclusive: [[approver, release]]}, approvals: 1, approvals: {observed: 1, roles: [release]}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:prod", "release")}, want: "approvals-impossible",
		}, {
			name: "two levels and two people", project: two + "duties: {exclusive: [[approver, release]]}, approvals: 1, approvals: {observed: 1, roles: [release]}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:prod", "release"), person("eve", "release")},
		}, {
			name: "two levels of one person, whose roles nobody keeps apart", project: two + "approvals: 1, approvals: {observed: 1, roles: [release]}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:prod", "release")},
		}, {
			name: "more than there are, in parts of all, when, and a choice with nothing else", project: two +
				"all: [approvals: 2], when: {kinds: [promote], then: [approvals: 2]}, any: [approvals: 2, approvals: 3]]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:prod")},
			want:   "approvals-impossible approvals-impossible approvals-impossible approvals-impossible",
		}, {
			name: "more than there are, where another can stand in, and an owner whom nobody knows", project: two +
				"any: [approvals: {observed: 1, owners: [bbo]}, approvals: 1]]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:prod")}, want: "owner-unknown",
		}, {
			name: "confirmations that nobody can give", project: two +
				"approvals: 1, critical: {fields: [a.yaml]}, breaker: {}, limits: {files: 3, large: 2}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:prod")},
			want:   "approvals-impossible approvals-impossible approvals-impossible",
		}, {
			name: "going back and retiring, which nobody can approve", project: two +
				"approvals: 1], rollback: [approvals: 2], retire: [approvals: 3]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:prod")}, want: "approvals-impossible approvals-impossible",
		}, {
			name: "a robot", project: two + "approvals: 1]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bot", "approver:prod", "bot")}, want: "approvals-impossible",
		}, {
			name: "no approval, and a role without effect", project: two + "approvals: 0]}}]\n", roots: []string{"ann"},
			people: []schema.Principal{person("ann", "author", "approver:pord")}, want: "approvals-not-enforced role-without-stage trust-lockout",
		}, {
			name: "a signed approval that nobody can give", project: two + "approvals: {signed: 1}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author")}, want: "approvals-impossible",
		}, {
			name: "a signed approval that somebody can give", project: two + "approvals: {signed: 1}]}}]\n", roots: []string{"ann", "bob"},
			people: []schema.Principal{person("ann", "author"), person("bob", "approver:prod")},
		},
	}
	for _, row := range rows {
		p := loaded(t, row.project)
		var codes []string
		for _, d := range p.Advice(schema.Trust{Root: schema.Root{Threshold: 1, Roots: row.roots}, Principals: row.people}) {
			codes = append(codes, string(d.Code))
			if info, _ := schema.Explain(d.Code); !info.Warning {
				t.Errorf("%s: %s is advice but no warning", row.name, d.Code)
			}
		}
		if got := strings.Join(codes, " "); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

func TestMissingSchemasAreNamedOnce(t *testing.T) {
	p := loaded(t, "version: 1\nstages: [{name: dev, gates: {promote: [schema: a.json]}}, {name: prod, gates: {promote: [schema: {\"*.yaml\": a.json, \"*.json\": b.json}]}}]\n")
	found := p.MissingSchemas(func(path string) bool { return path == ".sluice/schemas/b.json" })
	if len(found) != 1 || found[0].Code != "schema-missing" || !strings.Contains(found[0].Message, ".sluice/schemas/a.json") || found[0].Position.Line != 2 {
		t.Errorf("got %+v", found)
	}
	p = loaded(t, "version: 1\nstages: [{name: dev}, {name: prod, gates: {promote: [{approvals: 1}, {whitelist: teams}]}}]\n")
	found = p.MissingSchemas(func(string) bool { return false })
	if len(found) != 1 || found[0].Code != "list-missing" || !strings.Contains(found[0].Message, ".sluice/lists/teams.yaml") {
		t.Errorf("a list: got %+v", found)
	}
}
