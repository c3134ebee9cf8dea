package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// commitsOf lists what a revision or a range names, oldest first.
func (a *app) commitsOf(ctx context.Context, repo *gitrepo.Repo, refs map[string]schema.Hash, revs string) ([]schema.Hash, error) {
	if strings.Trim(revs, ".") == "" { // an empty variable in somebody's script; HEAD is not what it meant
		return nil, &failure{code: exitUsage, err: fmt.Errorf("revision %q: want a commit, or a range A..B", revs), hint: "sluice verify HEAD"}
	}
	from, to, isRange := strings.Cut(revs, "..")
	after, err := a.resolveAny(ctx, repo, refs, from)
	if err != nil || !isRange {
		return []schema.Hash{after}, err
	}
	tip, err := a.resolveAny(ctx, repo, refs, to)
	if err != nil {
		return nil, err
	}
	commits, err := repo.Between(ctx, []schema.Hash{after}, tip)
	if err == nil && len(commits) == 0 && after != tip {
		return nil, emptyRange(from, to)
	}
	return commits, err
}

// emptyRange refuses a range whose end lies in the history of its beginning: whoever wrote it meant commits, and none was looked at.
func emptyRange(from, to string) error {
	return &failure{
		code: exitUnprovable, err: fmt.Errorf("no commits in %s..%s, so nothing was checked: all of %s is in the history of %s", from, to, to, from),
		hint: fmt.Sprintf("the older commit stands first; to look at the other direction, sluice verify %s..%s", to, from),
	}
}

// resolveAny finds a commit, also of a tag object, a short id or another revision that git knows.
func (a *app) resolveAny(ctx context.Context, repo *gitrepo.Repo, refs map[string]schema.Hash, rev string) (schema.Hash, error) {
	id, err := resolve(ctx, repo, refs, rev)
	if err == nil {
		if _, err = repo.Commit(ctx, id); err == nil {
			return id, nil
		}
		err = cutOff(repo, err)
	}
	if rev == "" || strings.HasPrefix(rev, "-") {
		return id, err
	}
	text, gitErr := a.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if gitErr != nil {
		return id, err
	}
	found, parseErr := schema.ParseHash(text)
	if parseErr != nil || found == id {
		return id, err
	}
	return found, nil
}

// resolve finds the commit of one revision: a name or HEAD, with the first-parent suffix ~N.
func resolve(ctx context.Context, repo *gitrepo.Repo, refs map[string]schema.Hash, rev string) (schema.Hash, error) {
	name, steps, err := firstParentSteps(rev)
	if err != nil {
		return schema.Hash{}, err
	}
	id, err := resolveStart(ctx, repo, refs, name)
	if err != nil {
		return schema.Hash{}, err
	}
	for range steps {
		info, err := repo.Commit(ctx, id)
		if err != nil {
			return schema.Hash{}, fmt.Errorf("revision %q: %w", rev, cutOff(repo, err))
		}
		if len(info.Parents) == 0 {
			return schema.Hash{}, usageError(fmt.Errorf("revision %q: history is shorter than that", rev))
		}
		id = info.Parents[0]
	}
	return id, nil
}

// cutOff says of something that is missing in a shallow clone why it is.
func cutOff(repo *gitrepo.Repo, err error) error {
	if !errors.Is(err, gitrepo.ErrMissing) {
		return err
	}
	if _, statErr := os.Stat(filepath.Join(repo.Dir(), "shallow")); statErr != nil {
		return err
	}
	return gitrepo.ErrShallow
}

func resolveStart(ctx context.Context, repo *gitrepo.Repo, refs map[string]schema.Hash, name string) (schema.Hash, error) {
	if name != "" && name != "HEAD" {
		return resolveName(refs, name)
	}
	_, id, err := repo.Head(ctx)
	if err == nil && id.IsZero() {
		err = gitrepo.ErrEmpty
	}
	return id, err
}

// resolveName finds a commit by full id, branch, tag, or the short id of one of the refs' tips.
func resolveName(refs map[string]schema.Hash, name string) (schema.Hash, error) {
	if id, err := schema.ParseHash(name); err == nil {
		return id, nil
	}
	for _, full := range []string{name, "refs/heads/" + name, "refs/tags/" + name, "refs/remotes/" + name, "refs/remotes/origin/" + name} {
		if id, ok := refs[full]; ok {
			return id, nil
		}
	}
	for _, full := range slices.Sorted(maps.Keys(refs)) {
		if len(name) >= 7 && strings.HasPrefix(refs[full].String(), name) {
			return refs[full], nil
		}
	}
	return schema.Hash{}, &failure{
		code: exitUsage, err: fmt.Errorf("revision %q: no branch or tag is called so, and no tip of one begins so", name),
		hint: "give the commit's full id (git rev-parse " + name + "), or a branch, a tag or HEAD, with ~N",
	}
}

// firstParentSteps takes a revision like main~3 apart.
func firstParentSteps(rev string) (name string, steps int, err error) {
	name, suffix, ok := strings.Cut(rev, "~")
	if !ok {
		return rev, 0, nil
	}
	if suffix == "" {
		return name, 1, nil
	}
	n, err := strconv.ParseUint(suffix, 10, 31)
	if err != nil {
		return "", 0, usageError(fmt.Errorf("revision %q: want a number after ~", rev))
	}
	return name, int(n), nil
}
