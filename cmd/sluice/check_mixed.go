package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// mixed refuses control files and apps in one merge request (RULES R27), and names the commit that brought them together.
func (d *checkDesk) mixed(ctx context.Context) error {
	if d.out.Control == nil || len(d.out.Cells) == 0 {
		return nil
	}
	at, err := d.mixing(ctx)
	if err != nil {
		return fmt.Errorf("look for the commit that mixes: %w", err)
	}
	args := map[string]string{"paths": strings.Join(d.out.Control.Changed, ", ")}
	if !at.IsZero() {
		args["mixing"] = at.Short()
	}
	d.out.add(checkFinding{
		Position: schema.Position{File: d.out.Control.Changed[0]}, Code: "policy-mixed", Policy: "control", Message: schema.Code("policy-mixed").Message(args),
	})
	return nil
}

// mixing is the first commit that has both otherwise than the base; zero where none of those that people pushed has.
func (d *checkDesk) mixing(ctx context.Context) (schema.Hash, error) {
	commits, err := d.repo.Between(ctx, []schema.Hash{d.step.Base}, d.step.Signed)
	if err != nil {
		return schema.Hash{}, err
	}
	var cells []string
	for _, c := range d.out.Cells {
		cells = append(cells, c.Path)
	}
	for _, id := range commits {
		control, err := d.differs(ctx, id, d.out.Control.Changed)
		if err != nil {
			return schema.Hash{}, err
		}
		apps, err := d.differs(ctx, id, cells)
		if err != nil {
			return schema.Hash{}, err
		}
		if control && apps {
			return id, nil
		}
	}
	return schema.Hash{}, nil
}

// differs reports whether a commit has one of the paths otherwise than the base.
func (d *checkDesk) differs(ctx context.Context, id schema.Hash, paths []string) (bool, error) {
	is, err := d.repo.Commit(ctx, id)
	if err != nil {
		return false, err
	}
	was, err := d.repo.Commit(ctx, d.step.Base)
	if err != nil {
		return false, err
	}
	for _, path := range paths {
		now, _, err := d.repo.Lookup(ctx, is.Tree, path)
		if err != nil {
			return false, err
		}
		then, _, err := d.repo.Lookup(ctx, was.Tree, path)
		if err != nil {
			return false, err
		}
		if now.ID != then.ID || now.Mode != then.Mode {
			return true, nil
		}
	}
	return false, nil
}
