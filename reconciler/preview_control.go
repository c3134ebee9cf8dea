package reconciler

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// ControlPreview is what a step would change of the control files.
type ControlPreview struct {
	Changed []string // of the control paths, those that differ
	// Misplaced are those that are on a stage's own branch, where nobody reads them (RULES R9).
	Misplaced []string
	// Trusted says that the trust directory changes, whose roots sign it themselves; Others that other control files do.
	Trusted, Others bool
	Files           map[string][]byte // after the step
	Problem         error             // why they cannot be in force; nil if they can
	Commits         []schema.CommitVerdict
}

// Control judges what a step changes of the control files of the branch that ref names in full.
func (v *Previewer) Control(ctx context.Context, repo Repository, ref string, step Step, now time.Time) (ControlPreview, error) {
	p := v.pass(repo, now)
	var out ControlPreview
	for _, path := range ControlPaths {
		differs, err := p.differ(ctx, step.Base, step.Head, []string{path})
		if err != nil {
			return out, err
		}
		if differs {
			out.Changed = append(out.Changed, path)
		}
	}
	if ref != "refs/heads/"+v.Project.Branch {
		return out, v.misplaced(ctx, p, &out, step)
	}
	if len(out.Changed) == 0 {
		return out, nil
	}
	info, err := repo.Commit(ctx, step.Head)
	if err != nil {
		return out, fmt.Errorf("read commit %s: %w", step.Head.Short(), err)
	}
	if _, out.Files, err = ControlFiles(ctx, repo, info.Tree); err != nil {
		out.Problem = err
	} else {
		_, out.Problem = newRules(out.Files)
	}
	if out.Trusted, err = p.differ(ctx, step.Base, step.Head, []string{schema.TrustDir}); err != nil {
		return out, err
	}
	before, err := v.controlAt(ctx, repo, step.Base)
	if err != nil {
		return out, err
	}
	out.Others = !sameBytes(beside(before), beside(out.Files))
	return out, v.controlCommits(ctx, p, &out, step)
}

// controlAt reads the control files of a commit; what cannot be read as such counts as none.
func (v *Previewer) controlAt(ctx context.Context, repo Repository, commit schema.Hash) (map[string][]byte, error) {
	info, err := repo.Commit(ctx, commit)
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", commit.Short(), err)
	}
	if _, files, err := ControlFiles(ctx, repo, info.Tree); err == nil {
		return files, nil
	}
	return nil, nil
}

func (v *Previewer) misplaced(ctx context.Context, p *pass, out *ControlPreview, step Step) error {
	changed := out.Changed
	out.Changed = nil
	for _, path := range changed {
		entry, err := entryAt(ctx, p.cfg.Repository, step.Head, path)
		if err != nil {
			return err
		}
		for _, refused := range stageControlPaths {
			if path == refused && !entry.IsZero() {
				out.Misplaced = append(out.Misplaced, path)
			}
		}
	}
	return nil
}

func (v *Previewer) controlCommits(ctx context.Context, p *pass, out *ControlPreview, step Step) error {
	ids, err := p.cfg.Repository.Between(ctx, []schema.Hash{step.Base}, step.Signed)
	if err != nil {
		return fmt.Errorf("commits from %s to %s: %w", step.Base.Short(), step.Signed.Short(), err)
	}
	for _, id := range ids {
		changes, err := p.changesControl(ctx, id)
		if err != nil {
			return err
		}
		if !changes {
			continue
		}
		_, raw, err := p.cfg.Repository.Object(ctx, id)
		if err != nil {
			return fmt.Errorf("read commit %s: %w", id.Short(), err)
		}
		out.Commits = append(out.Commits, v.rules.keyring.Commit(id, raw, p.acceptance()))
	}
	return nil
}
