package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// Clone is a project as a plain clone shows it: the ledger, proven by the log keys of its own trust root, and the rules
// in force. Whose trust root that is only an anchor says.
type Clone struct {
	Ledger  *ledger.Ledger
	Project schema.Project
	Trust   schema.Trust
	Keyring *signing.Keyring
	Files   map[string][]byte // the control files in force
	rules   *rules
}

// View is what the clone shows, with why apps leave.
func (c *Clone) View(ctx context.Context) (schema.View, error) {
	v, err := NewView(ctx, c.Ledger, c.Project)
	if err == nil {
		withRetirements(v.Apps, c.rules)
	}
	return v, err
}

// OpenClone opens the ledger at a commit. An empty anchor leaves open whose it is.
func OpenClone(ctx context.Context, objs ledger.Objects, tip schema.Hash, anchor schema.Digest) (*Clone, error) {
	unproven, err := ledger.Unverified(ctx, objs, tip)
	if err != nil {
		return nil, err
	}
	files, err := sealedFiles(ctx, unproven, unproven.Head().Control.Manifest)
	if err != nil {
		return nil, fmt.Errorf("read the control files in force: %w", err)
	}
	rules, err := newRules(files)
	if err != nil {
		return nil, fmt.Errorf("control files in force: %w", err)
	}
	l, err := ledger.Open(ctx, objs, tip, ledger.Options{
		Project: rules.trust.Root.Project, Anchor: anchor, LogKeys: rules.trust.Root.LogKeys, VerifyCommit: VerifyLogCommit,
	})
	if err != nil {
		return nil, err
	}
	return &Clone{Ledger: l, Project: rules.project, Trust: rules.trust, Keyring: rules.keyring, Files: files, rules: rules}, nil
}
