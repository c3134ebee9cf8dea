package reconciler

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// ControlChange is what a commit would change of the control files in force.
type ControlChange struct {
	Ref      string // full name of the default branch
	From, To schema.Content
	Gate     schema.Digest     // of root.yaml in force
	Files    map[string][]byte // those of the commit
	Problem  error             // why they cannot be in force; nil if they can
	// Trusted says that the trust directory changes, whose roots sign it themselves; Others that other control files do.
	Trusted, Others bool
	Commits         []schema.CommitVerdict // since the base, that change control files
	facts           policies.ControlFacts
}

// ControlChange compares the control files of a commit with those in force. Commits count from base on.
func (c *Clone) ControlChange(ctx context.Context, repo Repository, base, commit schema.Hash, now time.Time) (ControlChange, error) {
	info, err := repo.Commit(ctx, commit)
	if err != nil {
		return ControlChange{}, fmt.Errorf("read commit %s: %w", commit.Short(), err)
	}
	manifest, files, err := ControlFiles(ctx, repo, info.Tree)
	if err != nil {
		return ControlChange{}, err
	}
	control := c.Ledger.Head().Control
	out := ControlChange{
		Ref: "refs/heads/" + c.Project.Branch, From: schema.Content(control.Manifest), To: manifest.Content(),
		Gate: c.Trust.RootDigest, Files: files,
	}
	_, out.Problem = newRules(files)
	out.Trusted = !sameBytes(below(c.Files, trustDir), below(files, trustDir))
	out.Others = !sameBytes(beside(c.Files), beside(files))
	p := c.pass(repo, now)
	ids, err := repo.Between(ctx, []schema.Hash{base}, commit)
	if err != nil {
		return ControlChange{}, fmt.Errorf("commits from %s to %s: %w", base.Short(), commit.Short(), err)
	}
	for _, id := range ids {
		changes, err := p.changesControl(ctx, id)
		if err != nil {
			return ControlChange{}, err
		}
		if !changes {
			continue
		}
		_, raw, err := repo.Object(ctx, id)
		if err != nil {
			return ControlChange{}, fmt.Errorf("read commit %s: %w", id.Short(), err)
		}
		out.Commits = append(out.Commits, c.Keyring.Commit(id, raw, p.acceptance()))
	}
	out.facts = policies.ControlFacts{
		Now: now, Ref: out.Ref, From: out.From, To: out.To, Trust: c.Trust, Admitted: control.Seq, Others: true,
	}
	return out, nil
}

// changesControl reports whether a commit changes control files against its first parent.
func (p *pass) changesControl(ctx context.Context, id schema.Hash) (bool, error) {
	info, err := p.cfg.Repository.Commit(ctx, id)
	if err != nil {
		return false, fmt.Errorf("read commit %s: %w", id.Short(), err)
	}
	if len(info.Parents) == 0 {
		return true, nil
	}
	return p.controlChanged(ctx, info.Parents[0], id)
}

// Admins asks what is said of the admins once the approvals are given. Signatures of commits are not counted: whether one is
// for the whole step shows only where it landed.
func (c ControlChange) Admins(mr *schema.MergeRequest, signed []schema.SignedApproval) schema.Verdict {
	f := c.facts
	f.MergeRequest, f.Signed = mr, signed
	for _, part := range (policies.Control{}).Evaluate(f).Parts {
		if part.Policy == "admins" {
			return part
		}
	}
	return schema.Verdict{}
}

func beside(files map[string][]byte) map[string][]byte {
	out := maps.Clone(files)
	maps.DeleteFunc(out, func(path string, _ []byte) bool { return strings.HasPrefix(path, trustDir) })
	return out
}

func sameBytes(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }
