package main

import (
	"os"

	"github.com/sluice-gitops/sluice/schema"
)

// operatorProject is the operator's project with a ledger's anchor, or the only one where it names none.
func operatorProject(op schema.Operator, anchor schema.Digest) (schema.OperatorProject, bool) {
	for _, p := range op.Projects {
		if p.Anchor == anchor || p.Anchor == "" && len(op.Projects) == 1 {
			return p, true
		}
	}
	return schema.OperatorProject{}, false
}

// ofProject leaves of an operator's file the project with an anchor; all of it where none has it.
func ofProject(op *schema.Operator, anchor schema.Digest) *schema.Operator {
	if op == nil {
		return nil
	}
	p, ok := operatorProject(*op, anchor)
	if !ok || anchor == "" {
		return op
	}
	one := *op
	one.Projects = []schema.OperatorProject{p}
	return &one
}

// checkoutAnchor is the anchor of the project in a checkout: the one that was told, else what its first trust version has; empty where a
// later one has replaced that.
func (a *app) checkoutAnchor(top string) (schema.Digest, error) {
	told, err := a.anchor(cloneFlags{})
	if err != nil || told != "" {
		return told, err
	}
	files, err := readTree(os.DirFS(top), schema.TrustDir)
	if err != nil {
		return "", nil // a project that is not begun yet has none
	}
	trust, found := schema.LoadTrust(files)
	if len(found) > 0 || trust.Root.Version != 1 {
		return "", nil
	}
	return trust.RootDigest, nil
}
