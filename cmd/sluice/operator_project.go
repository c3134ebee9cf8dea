package main

import (
	"fmt"
	"os"

	"github.com/sluice-gitops/sluice/schema"
)

// readOperator reads an operator's file.
func readOperator(path string) (schema.Operator, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return schema.Operator{}, usageError(fmt.Errorf("read the operator's file %s: %w", path, reason(err)))
	}
	op, found := schema.LoadOperator(path, data)
	return op, found.Err()
}

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
