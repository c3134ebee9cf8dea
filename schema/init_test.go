package schema_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func options() schema.InitOptions {
	return schema.InitOptions{
		ProjectID: "3f2a9c1e7b", CreatedAt: time.Date(2026, 11, 23, 10, 0, 0, 5, time.UTC),
		Person: schema.Principal{ID: "alice", Name: "Alice", Emails: []string{"alice@example.com"}},
		Key:    schema.PublicKey{Format: schema.SSHKey, Data: []byte(sshKey(1) + " alice\n")},
		LogKey: sshKey(2) + "\n",
		BotKey: schema.PublicKey{Format: schema.SSHKey, Data: []byte(sshKey(3) + "\n")},
	}
}

func TestNewProjectIsSixLinesAndATrustForOne(t *testing.T) {
	files, err := schema.NewProject(options())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		".sluice/trust/keys/alice/signing.pub", ".sluice/trust/keys/sluice-bot/bot.pub", ".sluice/trust/principals.yaml", ".sluice/trust/root.yaml", "sluice.yaml",
	}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("files: got %v, want %v", got, want)
	}
	lines := 0
	for line := range strings.Lines(string(files["sluice.yaml"])) {
		if !strings.HasPrefix(line, "#") {
			lines++
		}
	}
	if lines != 6 {
		t.Errorf("sluice.yaml has %d lines, want 6:\n%s", lines, files["sluice.yaml"])
	}
	trust := trustOf(t, files)
	alice, _ := trust.Principal("alice")
	var roles []string
	for _, r := range alice.Roles {
		roles = append(roles, r.String())
	}
	if got := strings.Join(roles, " "); got != "root admin author approver:development approver:testing approver:staging approver:gray approver:production release" {
		t.Errorf("roles of a sole person: got %s", got)
	}
	p := loaded(t, string(files["sluice.yaml"]))
	var codes []string
	for _, d := range p.Advice(trust) {
		codes = append(codes, string(d.Code))
	}
	if got := strings.Join(codes, " "); got != "approvals-impossible approvals-impossible approvals-impossible trust-lockout" {
		t.Errorf("advice to a sole person: got %s", got)
	}
}

func trustOf(t *testing.T, files map[string][]byte) schema.Trust {
	t.Helper()
	below := map[string][]byte{}
	for path, data := range files {
		if rest, ok := strings.CutPrefix(path, schema.TrustDir+"/"); ok {
			below[rest] = data
		}
	}
	trust, ds := schema.LoadTrust(below)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return trust
}

func TestNewProjectOnARepositoryThatExists(t *testing.T) {
	o := options()
	o.Layout, o.AppDepth, o.Branch = schema.DirectoryLayout, 2, "trunk"
	o.Stages = []schema.DetectedStage{{Name: "development", Where: "env/dev"}, {Name: "production", Where: "env/prod"}}
	o.Targets, o.StageLocal = []string{"etcd", "web"}, []string{"*.local.yaml"}
	files, err := schema.NewProject(o)
	if err != nil {
		t.Fatal(err)
	}
	p := loaded(t, string(files["sluice.yaml"]))
	if len(p.Stages) != 2 || p.Stages[1].Place != "env/prod" || p.Apps.Depth != 2 || p.Branch != "trunk" || len(p.Targets) != 2 || p.StageLocal[0] != "*.local.yaml" {
		t.Errorf("got %+v from\n%s", p, files["sluice.yaml"])
	}
}

func TestNewProjectRefuses(t *testing.T) {
	rows := map[string]func(*schema.InitOptions){
		"one key for log and bot":      func(o *schema.InitOptions) { o.BotKey.Data = []byte(o.LogKey) },
		"a project id that is no id":   func(o *schema.InitOptions) { o.ProjectID = "A B" },
		"a person without an id":       func(o *schema.InitOptions) { o.Person.ID = "" },
		"a private key":                func(o *schema.InitOptions) { o.Key.Data = []byte("-----BEGIN OPENSSH PRIVATE KEY-----\n") },
		"a target with a capital name": func(o *schema.InitOptions) { o.Targets = []string{"Etcd"} },
	}
	for name, edit := range rows {
		o := options()
		edit(&o)
		if _, err := schema.NewProject(o); err == nil {
			t.Errorf("%s: made a project", name)
		}
	}
}

func TestDetectLayout(t *testing.T) {
	rows := []struct {
		name     string
		paths    []string
		branches []string
		layout   schema.Layout
		depth    int
		stages   string
		unplaced string
	}{
		{
			name:   "directories at the top",
			paths:  []string{"README.md", "dev/pay/app.yaml", "prod/pay/app.yaml", "prod/search/app.yaml", "tools/x.sh"},
			layout: schema.DirectoryLayout, depth: 1, stages: "development=dev(1) production=prod(2)", unplaced: "tools/x.sh",
		}, {
			name:   "directories below another, apps two deep",
			paths:  []string{"env/uat/pay/ledger/a.yaml", "env/canary/pay/ledger/a.yaml", "env/prod/pay/ledger/conf/a.yaml", "env/prod/notes.txt"},
			layout: schema.DirectoryLayout, depth: 2, stages: "staging=env/uat(1) gray=env/canary(1) production=env/prod(1)", unplaced: "env/prod/notes.txt",
		}, {
			name:   "two places for one stage",
			paths:  []string{"stages/staging/a/x", "stages/uat/a/x", "stages/prod/a/x"},
			layout: schema.DirectoryLayout, depth: 1, stages: "staging=stages/staging(1) production=stages/prod(1)", unplaced: "stages/uat/a/x",
		}, {
			name:  "branches",
			paths: []string{"pay/app.yaml"}, branches: []string{"main", "stage/dev", "stage/prod", "feature/x/prod", "sluice/ledger"},
			layout: schema.BranchLayout, depth: 1, stages: "development=stage/dev(0) production=stage/prod(0)", unplaced: "feature/x/prod",
		}, {
			name:  "a topic branch that ends like a stage",
			paths: []string{"pay/app.yaml"}, branches: []string{"dev", "prod", "topic/x/test"},
			layout: schema.BranchLayout, depth: 1, stages: "development=dev(0) production=prod(0)", unplaced: "topic/x/test",
		}, {
			name:  "nothing that looks like stages",
			paths: []string{"src/main.go"}, branches: []string{"main"},
			layout: schema.DirectoryLayout, depth: 1,
		},
	}
	for _, row := range rows {
		d := schema.DetectLayout(row.paths, row.branches)
		var stages []string
		for _, s := range d.Stages {
			stages = append(stages, string(s.Name)+"="+s.Where+"("+string(rune('0'+s.Apps))+")")
		}
		if d.Layout != row.layout || d.AppDepth != row.depth || strings.Join(stages, " ") != row.stages || strings.Join(d.Unplaced, " ") != row.unplaced {
			t.Errorf("%s: got %s depth %d, %v, unplaced %v", row.name, d.Layout, d.AppDepth, stages, d.Unplaced)
		}
	}
}
