package team

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

// Commit is one commit that a person makes in the clone.
type Commit struct {
	Branch   string // where it goes; made if it does not exist
	Start    string // of a new branch: any revision; origin's branch of the same name, else origin/main, by default
	Orphan   bool   // begin a branch without history
	Files    map[string]string
	Remove   []string // paths
	Message  string
	Unsigned bool
	Allow    bool // an empty commit
}

// Dir is the person's clone.
func (p *Person) Dir() string { return p.dir }

// Name is the person's account and principal.
func (p *Person) Name() string { return p.name }

// Account is the number of the person's account at the forge.
func (p *Person) Account() int64 { return int64(p.user.ID) }

// Key is the person's private key file.
func (p *Person) Key() string { return p.key }

// Token is the person's access token at the forge.
func (p *Person) Token() string { return p.user.Token }

// Git runs the person's git in the clone.
func (p *Person) Git(ctx context.Context, args ...string) (string, error) {
	p.byHand = p.byHand || args[0] == "config"
	return p.run(ctx, "", args...)
}

// begin makes an empty clone with the person's identity and key.
func (p *Person) begin(ctx context.Context) error {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	if p.direct() {
		return p.borrow()
	}
	if _, err := p.run(ctx, "", "init", "-q", "-b", "main"); err != nil {
		return err
	}
	config, err := os.OpenFile(filepath.Join(p.dir, ".git", "config"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = config.WriteString(p.settings())
	return errors.Join(err, config.Close())
}

// settings are the clone's, in one piece: a git for each of them would take most of a demo's time.
func (p *Person) settings() string {
	return fmt.Sprintf(`[remote "origin"]
	url = %q
	fetch = +refs/heads/*:refs/remotes/origin/*
[user]
	name = %q
	email = %q
	signingkey = %q
[gpg]
	format = ssh
[gpg "ssh"]
	program = %q
[commit]
	gpgsign = true
[tag]
	gpgsign = false
[advice]
	detachedHead = false
[gc]
	auto = 0
`, p.team.cfg.Server.CloneURL(p.team.cfg.Project, p.name), p.user.Name, p.user.Email, p.key+".pub", p.team.cfg.Program)
}

// Fetch brings the clone up to date; the first one makes it.
func (p *Person) Fetch(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(p.dir, ".git")); err != nil {
		if err := p.begin(ctx); err != nil {
			return err
		}
	}
	if p.direct() {
		return p.follow(ctx)
	}
	if _, err := p.run(ctx, "", "fetch", "-q", "--prune", "--force", "origin", "+refs/heads/*:refs/remotes/origin/*"); err != nil {
		return err
	}
	_, err := p.run(ctx, "", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	return err
}

// Commit commits to a branch of the clone and returns the new commit.
func (p *Person) Commit(ctx context.Context, c Commit) (schema.Hash, error) {
	if p.direct() {
		if id, err := p.write(ctx, c); !errors.Is(err, errGit) {
			return id, err
		}
	}
	if err := p.checkout(ctx, c); err != nil {
		return schema.Hash{}, err
	}
	for path, data := range c.Files {
		if err := writeFile(filepath.Join(p.dir, filepath.FromSlash(path)), []byte(data), 0o644); err != nil {
			return schema.Hash{}, err
		}
	}
	for _, path := range c.Remove {
		if _, err := p.run(ctx, "", "rm", "-rq", "--", path); err != nil {
			return schema.Hash{}, err
		}
	}
	if _, err := p.run(ctx, "", "add", "-A"); err != nil {
		return schema.Hash{}, err
	}
	args := []string{"commit", "-q", "-m", c.Message}
	if c.Unsigned {
		args = append(args, "--no-gpg-sign")
	}
	if c.Allow {
		args = append(args, "--allow-empty")
	}
	if _, err := p.run(ctx, "", args...); err != nil {
		return schema.Hash{}, err
	}
	return p.Resolve(ctx, "HEAD")
}

func (p *Person) checkout(ctx context.Context, c Commit) error {
	if c.Orphan {
		if _, err := p.run(ctx, "", "checkout", "-q", "--orphan", c.Branch); err != nil {
			return err
		}
		_, err := p.run(ctx, "", "rm", "-rfq", "--ignore-unmatch", ".")
		return err
	}
	if _, err := p.run(ctx, "", "rev-parse", "-q", "--verify", "refs/heads/"+c.Branch); err == nil && c.Start == "" {
		_, err := p.run(ctx, "", "checkout", "-q", "-f", c.Branch)
		return err
	}
	start := c.Start
	if start == "" {
		start = "origin/" + c.Branch
		if _, err := p.run(ctx, "", "rev-parse", "-q", "--verify", "refs/remotes/"+start); err != nil {
			start = "origin/main"
		}
	}
	_, err := p.run(ctx, "", "checkout", "-q", "-f", "-B", c.Branch, start)
	return err
}

// Push pushes a branch of the clone; force may be "--force".
func (p *Person) Push(ctx context.Context, branch string, force ...string) error {
	if p.direct() {
		if err := p.hand(branch, len(force) > 0); !errors.Is(err, errGit) {
			return err
		}
	}
	_, err := p.run(ctx, "", append(append([]string{"push", "-q"}, force...), "origin", branch+":refs/heads/"+branch)...)
	return err
}

// Resolve returns the commit of a revision in the clone.
func (p *Person) Resolve(ctx context.Context, rev string) (schema.Hash, error) {
	out, err := p.run(ctx, "", "rev-parse", rev+"^{commit}")
	if err != nil {
		return schema.Hash{}, err
	}
	return schema.ParseHash(out)
}

// Propose pushes commits on a new branch and opens a merge request into the target branch; it returns its number.
func (p *Person) Propose(ctx context.Context, target, branch, title string, commits ...Commit) (int, error) {
	if err := p.Fetch(ctx); err != nil {
		return 0, err
	}
	for i, c := range commits {
		c.Branch = branch
		if i == 0 && c.Start == "" {
			c.Start = "origin/" + target
		}
		if i > 0 {
			c.Start = ""
		}
		if _, err := p.Commit(ctx, c); err != nil {
			return 0, err
		}
	}
	if err := p.Push(ctx, branch); err != nil {
		return 0, err
	}
	mr, err := p.team.cfg.Server.OpenMergeRequest(p.team.cfg.Project, gitlabtest.NewMergeRequest{
		Author: p.name, SourceBranch: branch, TargetBranch: target, Title: title,
	})
	return mr.IID, err
}

// Approve approves a merge request at the forge, by the real clock after a look at it: the forge's times have milliseconds, and an
// approval in the one of the push is bound to no version.
func (p *Person) Approve(iid int) error {
	if p.team.looks {
		time.Sleep(2 * time.Millisecond)
	}
	return p.team.cfg.Server.Approve(p.team.cfg.Project, iid, p.name)
}

// Merge presses the forge's merge button.
func (p *Person) Merge(iid int, opts gitlabtest.MergeOptions) error {
	_, err := p.team.cfg.Server.Merge(p.team.cfg.Project, iid, p.name, opts)
	return err
}

// Read returns a file at a revision of the clone.
func (p *Person) Read(ctx context.Context, rev, path string) (string, error) {
	return p.run(ctx, "", "show", rev+":"+path)
}

// Files lists the files below a directory at a revision, with their contents by path relative to it.
func (p *Person) Files(ctx context.Context, rev, dir string) (map[string]string, error) {
	out, err := p.run(ctx, "", "ls-tree", "-r", "-z", "--name-only", rev, "--", dir+"/")
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, path := range strings.Split(strings.Trim(out, "\x00"), "\x00") {
		if path == "" {
			continue
		}
		data, err := p.run(ctx, "", "cat-file", "blob", rev+":"+path)
		if err != nil {
			return nil, err
		}
		files[strings.TrimPrefix(path, dir+"/")] = data + "\n"
	}
	return files, nil
}

// Seal makes and pushes the genesis request's tag.
func (p *Person) PushTag(ctx context.Context, name, at, message string) error {
	if p.direct() {
		if err := p.tag(name, at, message); !errors.Is(err, errGit) {
			return err
		}
	}
	if _, err := p.run(ctx, message, "tag", "-a", "--cleanup=verbatim", "-F", "-", name, at); err != nil {
		return err
	}
	_, err := p.run(ctx, "", "push", "-q", "origin", "refs/tags/"+name)
	if err != nil {
		return fmt.Errorf("push request: %w", err)
	}
	return nil
}
