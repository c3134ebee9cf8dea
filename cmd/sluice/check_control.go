package main

import (
	"context"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/schema"
)

// checkControl adds what changes in the control files, whose findings are those of the change and whose rules are in force
// only once the people who may have signed it.
func (d *checkDesk) checkControl(ctx context.Context) error {
	p, err := d.rules.Control(ctx, d.mirror, d.ref(), d.step, d.made)
	if err != nil {
		return err
	}
	for _, path := range p.Misplaced {
		d.out.add(checkFinding{Position: schema.Position{File: path}, Code: "control-misplaced", Policy: "control", Message: schema.Code("control-misplaced").Message(map[string]string{"path": path})})
	}
	if len(p.Changed) == 0 {
		return d.unchangedControl(ctx)
	}
	if p.Files != nil {
		d.lintControl(p.Files, false)
	}
	if p.Problem != nil && !d.anyIn(p.Changed) {
		code, text := errFile(p.Problem)
		d.out.add(checkFinding{Position: schema.Position{File: p.Changed[0]}, Code: code, Policy: "control", Message: text})
	}
	c := &checkedControl{Changed: p.Changed}
	if d.begins {
		c.Answers = []checkedAnswer{{Policy: "genesis", Outcome: notJudged, Text: "once it is merged, the admins seal the project: sluice init --seal", By: "the reconciler"}}
	} else {
		c.Answers = append([]checkedAnswer{d.controlSigned(p)}, d.controlSigners(p)...)
	}
	d.out.Control = c
	return nil
}

// unchangedControl tells what is wrong with control files that the change leaves alone, if it is on top of them.
func (d *checkDesk) unchangedControl(ctx context.Context) error {
	if d.out.Target != d.rules.Project.Branch {
		return nil
	}
	info, err := d.repo.Commit(ctx, d.step.Head)
	if err != nil {
		return err
	}
	_, files, err := reconciler.ControlFiles(ctx, d.mirror, info.Tree)
	if err == nil && len(files[schema.ProjectFile]) > 0 {
		d.lintControl(files, d.step.Base != d.step.Head)
	}
	return nil // what is no file is found when somebody changes it
}

func (d *checkDesk) anyIn(paths []string) bool {
	for _, f := range d.out.Findings {
		for _, path := range paths {
			if f.File == path || strings.HasPrefix(f.File, path+"/") {
				return true
			}
		}
	}
	return false
}

func (d *checkDesk) controlSigned(p reconciler.ControlPreview) checkedAnswer {
	a := checkedAnswer{Policy: "signed", Outcome: "allow"}
	for _, c := range p.Commits {
		if c.OK() {
			continue
		}
		text := c.Code.Message(map[string]string{"commit": c.Commit.Short(), "person": c.Principal, "key": c.Key})
		a.Outcome, a.Code, a.Text = "hold", c.Code, schema.Printable(text)
		d.out.add(checkFinding{Position: schema.Position{File: p.Changed[0]}, Code: c.Code, Policy: "signed", Cell: schema.Control.String(), Message: text})
	}
	return a
}

// controlSigners says who has to sign; whether they did shows where it lands.
func (d *checkDesk) controlSigners(p reconciler.ControlPreview) []checkedAnswer {
	root := d.rules.Trust.Root
	var out []checkedAnswer
	if p.Trusted {
		out = append(out, checkedAnswer{Policy: "roots", Outcome: notJudged, Text: count(int64(max(root.Threshold, 1)), "root has", "roots have") + " to sign the trust directory: sluice trust verify", By: "the reconciler"})
	}
	if !p.Others {
		return out
	}
	return append(out, checkedAnswer{Policy: "admins", Outcome: notJudged, Text: count(int64(max(root.Admin, 1)), "admin has", "admins have") + " to sign the control files", By: "the reconciler"})
}

// several warns of a merge request that promotes many apps: one for each would be easier to approve and to take back (RULES R8).
func (d *checkDesk) several() {
	var promoted []checkedCell
	for _, c := range d.out.Cells {
		if c.Kind == schema.Promote || c.Kind == schema.Retire {
			promoted = append(promoted, c)
		}
	}
	branch := d.wholeBranch()
	if len(promoted) == 0 || len(promoted) == 1 && branch == "" {
		return
	}
	args := map[string]string{"apps": count(int64(len(promoted)), "app", "apps")}
	if branch != "" {
		args["branch"] = branch
	}
	d.out.add(checkFinding{Position: schema.Position{File: promoted[0].Path}, Code: "several-apps", Message: schema.Code("several-apps").Message(args)})
}

// wholeBranch names the stage's branch that a merge request of the project itself would merge as it is; empty if it is none.
func (d *checkDesk) wholeBranch() string {
	name := d.a.environ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")
	source, here := d.a.environ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), d.a.environ("CI_MERGE_REQUEST_PROJECT_ID")
	if name == "" || source != here || name == d.out.Target || !d.known(name) {
		return ""
	}
	return name
}
