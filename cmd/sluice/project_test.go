package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/schema"
)

// project is a team with its forge and what its reconciler needs: everything here is real but GitLab.
type project struct {
	dir   string
	forge *gitlabtest.Server
	team  *team.Team
	token string // file

	brought int // merge requests so far
}

const sixLines = "version: 1\nlayout: directory\ntargets:\n  %s: {}\nstages: default\nstage_local: [local.yaml]\n"

// newProject starts a forge with a project whose control files are on main, not sealed yet. program stands in for
// ssh-keygen; more are bob's further keys.
func newProject(ctx context.Context, dir, program, sluiceYAML string, more ...schema.PublicKey) (*project, error) {
	return newProjectAt(ctx, gitlabtest.Options{}, dir, program, sluiceYAML, more...)
}

// newProjectAt is newProject at a forge with these switches.
func newProjectAt(ctx context.Context, forge gitlabtest.Options, dir, program, sluiceYAML string, more ...schema.PublicKey) (*project, error) {
	return newProjectOf(ctx, forge, team.Config{Dir: dir, Project: "acme/config", Program: program}, sluiceYAML, more...)
}

// newProjectOf is newProjectAt for a team of one's own.
func newProjectOf(ctx context.Context, forge gitlabtest.Options, cfg team.Config, sluiceYAML string, more ...schema.PublicKey) (*project, error) {
	dir := cfg.Dir
	p := &project{dir: dir, token: filepath.Join(dir, "reconciler", "token")}
	var err error
	if p.forge, err = gitlabtest.New(filepath.Join(dir, "forge"), forge); err != nil {
		return nil, err
	}
	if _, err := p.forge.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	roles := []schema.Role{{Name: schema.RoleAuthor}}
	for _, stage := range schema.DefaultStages() {
		roles = append(roles, schema.Role{Name: schema.RoleApprover, Stage: stage})
	}
	cfg.Server = p.forge
	p.team, err = team.New(ctx, cfg, []byte(sluiceYAML),
		team.Member{Name: "ann", Level: gitlabtest.Maintainer, Roles: append([]schema.Role{{Name: schema.RoleRoot}, {Name: schema.RoleAdmin}}, roles...)},
		team.Member{Name: "bob", Level: gitlabtest.Maintainer, More: more, Roles: append([]schema.Role{{Name: schema.RoleRelease}}, roles...)},
		team.Member{Name: "carol", Roles: append([]schema.Role{{Name: schema.RoleRelease}}, roles...)},
		team.Member{Name: "dave", Roles: []schema.Role{{Name: schema.RoleAuthor}}},
		team.Member{Name: "reconciler", Bot: true, Unknown: true, Level: gitlabtest.Maintainer},
	)
	if err != nil {
		return nil, err
	}
	return p, os.WriteFile(p.token, []byte(p.team.Person("reconciler").Token()), 0o600)
}

// operatorFile writes reconciler.yaml with the targets, for a state directory of its own, and returns its name.
func (p *project) operatorFile(name, targets string) (string, error) {
	state := filepath.Join(p.dir, name)
	text := fmt.Sprintf(`projects:
  - repository: %s
    username: reconciler
    token_file: %s
    anchor: %s
    gitlab: {url: %s, project: %s, token_file: %s}
    targets:
%s
log_key_file: %s
state_dir: %s
poll: {interval: 200ms, jitter: 0s}
`, p.forge.CloneURL(p.team.Path(), ""), p.token, p.team.Anchor(), p.forge.URL(), p.team.Path(), p.token, indented(indented(indented(targets))), p.team.LogKey(), state)
	file := filepath.Join(p.dir, name+".yaml")
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// place is where a stage's files of the app lie in the layout of the project.
func (p *project) place(stage string) (branch, dir string) {
	s, _ := p.team.Project().Stage(schema.StageName(stage))
	return strings.TrimPrefix(p.team.Project().Ref(s), "refs/heads/"), p.team.Project().CellPath(s, "payments")
}

// beginBranches makes the branches of the stages, where the layout has some.
func (p *project) beginBranches(ctx context.Context) error {
	ann := p.team.Person("ann")
	for _, stage := range schema.DefaultStages() {
		branch, _ := p.place(string(stage))
		if branch == "main" {
			continue
		}
		if _, err := ann.Commit(ctx, team.Commit{Branch: branch, Orphan: true, Files: map[string]string{"README.md": "# " + branch + "\n"}, Message: "begin " + branch}); err != nil {
			return err
		}
		if err := ann.Push(ctx, branch); err != nil {
			return err
		}
	}
	if err := ann.Fetch(ctx); err != nil {
		return err
	}
	_, err := ann.Git(ctx, "checkout", "-q", "main")
	return err
}

// bring opens a merge request with the commits, which replace app.yaml in a stage, has it approved, and merges it.
func (p *project) bring(ctx context.Context, stage, title string, contents []team.Commit, approvers ...string) (int, error) {
	branch, dir := p.place(stage)
	p.brought++
	for i := range contents {
		at := map[string]string{}
		for path, data := range contents[i].Files {
			at[dir+"/"+path] = data
		}
		contents[i].Files = at
	}
	ann := p.team.Person("ann")
	iid, err := ann.Propose(ctx, branch, fmt.Sprintf("ann/%s-%d", stage, p.brought), title, contents...)
	if err != nil {
		return 0, err
	}
	for _, name := range approvers {
		if err := p.team.Person(name).Approve(iid); err != nil {
			return 0, err
		}
	}
	return iid, p.team.Person("bob").Merge(iid, gitlabtest.MergeOptions{RemoveSource: true})
}

// limit is a commit that sets the value.
func limit(value int) []team.Commit {
	return []team.Commit{{
		Message: fmt.Sprintf("payments: limit %d", value),
		Files:   map[string]string{"app.yaml": fmt.Sprintf("limits:\n  maxTransfer: %d\n  currency: EUR\n", value)},
	}}
}

// call runs a command of this binary in the process and returns its exit code and what it printed.
func call(ctx context.Context, environ func(string) string, args ...string) (code int, out, errs string) {
	var stdout, stderr strings.Builder
	a := &app{in: strings.NewReader(""), out: &stdout, errs: &stderr, environ: environ}
	code = a.main(ctx, args)
	return code, stdout.String(), stderr.String()
}
