package team

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

// With Config.Direct the everyday of a person's work starts no git: a fetch, a commit of plain files and a push are some
// twenty processes, and most of what a story costs. The objects are the bytes that git would have written (a test holds them
// against git's), they lie in the forge's repository, which the clone borrows from, and a push asks the forge the same
// questions. Whatever is not plain is left to git, which finds a clone as it would have left it.

// errGit is what only git should do.
var errGit = errors.New("left to git")

func (p *Person) direct() bool { return p.team.cfg.Direct && !p.byHand }

func (p *Person) gitDir() string { return filepath.Join(p.dir, ".git") }

func (t *Team) forgeDir() string { return t.cfg.Server.RepoDir(t.cfg.Project) }

// borrow makes the clone that `git init` would make, with the forge's objects beside its own.
func (p *Person) borrow() error {
	for name, text := range map[string]string{
		"HEAD":                    "ref: refs/heads/main\n",
		"objects/info/alternates": filepath.Join(p.team.forgeDir(), "objects") + "\n",
		"refs/tags/.keep":         "",
		"config":                  "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n" + p.settings(),
	} {
		if err := writeFile(filepath.Join(p.gitDir(), filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return os.Remove(filepath.Join(p.gitDir(), "refs", "tags", ".keep"))
}

// follow is the fetch: the forge's branches become the clone's remote branches, and no others stay.
func (p *Person) follow(ctx context.Context) error {
	repo, err := gitrepo.OpenLocal(p.team.forgeDir())
	if err != nil {
		return err
	}
	defer repo.Close()
	refs, err := repo.Refs(ctx)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(p.gitDir(), "refs", "remotes")); err != nil {
		return err
	}
	var packed strings.Builder
	packed.WriteString("# pack-refs with: peeled fully-peeled \n")
	for ref, id := range refs {
		if branch, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			fmt.Fprintf(&packed, "%s refs/remotes/origin/%s\n", id, branch)
		}
	}
	if err := writeFile(filepath.Join(p.gitDir(), "packed-refs"), []byte(packed.String()), 0o644); err != nil {
		return err
	}
	return writeFile(filepath.Join(p.gitDir(), "refs", "remotes", "origin", "HEAD"), []byte("ref: refs/remotes/origin/main\n"), 0o644)
}

// refIn reads a ref of a repository; the zero hash is none.
func refIn(dir, ref string) (schema.Hash, error) {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(ref)))
	if err == nil {
		return schema.ParseHash(strings.TrimSpace(string(data)))
	}
	packed, err := os.ReadFile(filepath.Join(dir, "packed-refs"))
	if errors.Is(err, os.ErrNotExist) {
		return schema.Hash{}, nil
	}
	for line := range strings.Lines(string(packed)) {
		if id, name, _ := strings.Cut(strings.TrimSpace(line), " "); name == ref {
			return schema.ParseHash(id)
		}
	}
	return schema.Hash{}, err
}

// startOf is the parent that a commit gets by the rules of [Commit]; zero for none.
func (p *Person) startOf(c Commit) (schema.Hash, error) {
	if c.Orphan {
		return schema.Hash{}, nil
	}
	if c.Start == "" {
		if local, err := refIn(p.gitDir(), "refs/heads/"+c.Branch); err != nil || !local.IsZero() {
			return local, err
		}
		c.Start = "origin/" + c.Branch
		if id, err := refIn(p.gitDir(), "refs/remotes/"+c.Start); err != nil || !id.IsZero() {
			return id, err
		}
		c.Start = "origin/main"
	}
	if id, err := schema.ParseHash(c.Start); err == nil {
		return id, nil
	}
	id := schema.Hash{}
	if strings.HasPrefix(c.Start, "origin/") {
		id, _ = refIn(p.gitDir(), "refs/remotes/"+c.Start)
	}
	if id.IsZero() {
		return id, errGit
	}
	return id, nil
}

// plain is a message that git keeps as it is.
var plain = regexp.MustCompile(`^\S(.*\S)?$`)

// write makes the commit and moves the branch of the clone to it.
func (p *Person) write(ctx context.Context, c Commit) (schema.Hash, error) {
	if !plain.MatchString(c.Message) {
		return schema.Hash{}, errGit
	}
	parent, err := p.startOf(c)
	if err != nil {
		return schema.Hash{}, errGit
	}
	repo, err := gitrepo.OpenLocal(p.team.forgeDir())
	if err != nil {
		return schema.Hash{}, err
	}
	defer repo.Close()
	w := &writer{ctx: ctx, repo: repo, dir: p.team.forgeDir()}
	was, tree, err := w.edited(parent, c)
	if err != nil || was == tree && !c.Allow {
		return schema.Hash{}, errGit // which says what is wrong
	}
	data, err := p.commitText(c, parent, tree)
	if err != nil {
		return schema.Hash{}, err
	}
	id, err := w.put(schema.CommitObject, data)
	if err != nil {
		return schema.Hash{}, err
	}
	p.team.made[id] = parent
	head := writeFile(filepath.Join(p.gitDir(), "HEAD"), []byte("ref: refs/heads/"+c.Branch+"\n"), 0o644)
	return id, errors.Join(head, p.point("refs/heads/"+c.Branch, id))
}

func (p *Person) point(ref string, id schema.Hash) error {
	return writeFile(filepath.Join(p.gitDir(), filepath.FromSlash(ref)), []byte(id.String()+"\n"), 0o644)
}

// hand pushes a branch whose commits were written here.
func (p *Person) hand(branch string, force bool) error {
	tip, err := refIn(p.gitDir(), "refs/heads/"+branch)
	if err != nil || !p.team.wrote(tip) {
		return errGit
	}
	at, err := refIn(p.team.forgeDir(), "refs/heads/"+branch)
	if err != nil || at == tip || !at.IsZero() && !force && !p.team.onTopOf(tip, at) {
		return errGit
	}
	if err := p.send("refs/heads/"+branch, at, tip); err != nil {
		return err
	}
	return p.point("refs/remotes/origin/"+branch, tip)
}

func (p *Person) send(ref string, at, tip schema.Hash) error {
	old := ""
	if !at.IsZero() {
		old = at.String()
	}
	err := p.team.cfg.Server.PushPresent(p.team.cfg.Project, p.name, ref, old, tip.String())
	if errors.Is(err, gitlabtest.ErrRuled) {
		return errGit
	}
	return err
}

func (t *Team) wrote(id schema.Hash) bool {
	_, ok := t.made[id]
	return ok
}

// onTopOf follows what was written here; whatever is older, git has to know.
func (t *Team) onTopOf(tip, base schema.Hash) bool {
	for t.wrote(tip) && tip != base {
		tip = t.made[tip]
	}
	return tip == base
}

// tag writes a tag and pushes it.
func (p *Person) tag(name, at, message string) error {
	id, err := p.startOf(Commit{Start: at})
	if err != nil {
		return errGit
	}
	for _, dir := range []string{p.gitDir(), p.team.forgeDir()} {
		if there, err := refIn(dir, "refs/tags/"+name); err != nil || !there.IsZero() {
			return errGit
		}
	}
	w := &writer{dir: p.team.forgeDir()}
	tag, err := w.put(schema.TagObject, fmt.Appendf(nil, "object %s\ntype commit\ntag %s\ntagger %s\n\n%s", id, name, p.signature(), message))
	if err != nil {
		return err
	}
	if err := p.point("refs/tags/"+name, tag); err != nil {
		return err
	}
	return p.send("refs/tags/"+name, schema.Hash{}, tag)
}
