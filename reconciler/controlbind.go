package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// controlBound is a step tied to the commits that people signed.
type controlBound struct {
	head    schema.Hash // the commit whose files landed
	bound   bool        // its files are those that landed
	commits []policies.ControlCommit
	raw     [][]byte
	tags    [][]byte // approvals by signature that name the control files
}

// bind finds the commits of the step that change control files. What the forge made of them (a merge, a squash, a rebase) is
// transparent where the files that landed are those of a head whose commits people signed.
func (c *controlJudge) bind(ctx context.Context, s controlStep, to controlCell) (controlBound, error) {
	candidates := []schema.Hash{c.chain[s.landing.end]}
	if s.landing.request != nil {
		candidates = append(candidates, heads(*s.landing.request)...)
	}
	var best controlBound
	for n, head := range candidates {
		if n > 0 {
			if code, err := c.present(ctx, head, *s.landing.request); err != nil || code != "" {
				if err != nil {
					return controlBound{}, err
				}
				continue
			}
		}
		b, err := c.commits(ctx, s, head, to)
		if err != nil {
			return controlBound{}, err
		}
		if b.bound && b.signed() {
			return b, nil
		}
		if n == 0 || n == 1 && b.bound {
			best = b // the merged head says more of a squash than the squash does
		}
	}
	return best, nil
}

func (b controlBound) signed() bool {
	for _, commit := range b.commits {
		if !commit.OK() {
			return false
		}
	}
	return len(b.commits) > 0
}

// commits verifies every commit up to a head that changes control files.
func (c *controlJudge) commits(ctx context.Context, s controlStep, head schema.Hash, to controlCell) (controlBound, error) {
	b := controlBound{head: head}
	at, err := c.at(ctx, head)
	if err != nil {
		return b, err
	}
	b.bound = at.content == to.content
	base, start := c.chain[s.base], c.chain[s.landing.start]
	ids, err := c.cfg.Repository.Between(ctx, []schema.Hash{base}, head)
	if err != nil {
		return b, fmt.Errorf("commits from %s to %s: %w", base.Short(), head.Short(), err)
	}
	for _, id := range ids {
		touches, err := c.touches(ctx, id)
		if err != nil {
			return b, err
		}
		if !touches {
			continue
		}
		_, raw, err := c.cfg.Repository.Object(ctx, id)
		if err != nil {
			return b, fmt.Errorf("read commit %s: %w", id.Short(), err)
		}
		commit := policies.ControlCommit{CommitVerdict: c.rules.keyring.Commit(id, raw, c.acceptance())}
		if commit.From, err = c.began(ctx, start, id); err != nil {
			return b, err
		}
		left, err := c.at(ctx, id)
		if err != nil {
			return b, err
		}
		commit.To = left.content
		b.commits, b.raw = append(b.commits, commit), append(b.raw, raw)
	}
	return b, nil
}

// began is the content of the control files where a commit's branch left the default branch; empty where that is not one
// place. A branch that was cut from a change which waits began with that one, not with what is in force.
func (c *controlJudge) began(ctx context.Context, start, id schema.Hash) (schema.Content, error) {
	bases, err := c.cfg.Repository.MergeBases(ctx, start, id)
	if err != nil {
		return "", fmt.Errorf("merge base of %s and %s: %w", start.Short(), id.Short(), err)
	}
	content := schema.Content("")
	for n, base := range bases {
		at, err := c.at(ctx, base)
		if err != nil {
			return "", err
		}
		if n > 0 && at.content != content {
			return "", nil
		}
		content = at.content
	}
	return content, nil
}
