package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) doctorCommand() *cobra.Command {
	var config string
	var before bool
	c := &cobra.Command{
		Use: "doctor", Short: "Check everything around the reconciler, and say what to set", Args: cobra.NoArgs,
		Long: `doctor asks, for each project of the operator's file, all that sluice depends on: the repository, the ledger and its keys, GitLab's
token, branch rules and settings, its webhooks and its clock, and the targets. It changes nothing; whether state_dir can be written it tries
with a directory that it takes away again. Each line is ok, warn, fail or unknown, with what was seen and what to do; what could not be asked is unknown and never ok. It ends with 0 when all is ok or warns, with 1
when something fails or is unknown, and with 4 or 5 when neither the repository nor GitLab could be asked anything.`,
		Example: `  sluice doctor --config reconciler.yaml
  sluice doctor --pre                      before the project is sealed
  sluice doctor -o json | jq '.projects[].checks[] | select(.state != "ok")'`,
		RunE: func(c *cobra.Command, _ []string) error {
			op, err := runFlags{config: config, fileOnly: true}.operator()
			if err != nil {
				return err
			}
			return a.doctor(c.Context(), op, before)
		},
	}
	c.Flags().StringVar(&config, "config", schema.OperatorFile, "the operator's `FILE`")
	c.Flags().BoolVar(&before, "pre", false, "before the project is sealed: no ledger is expected, the trust is that of the default branch")
	return c
}

// examined is one project with what was found.
type examined struct {
	Repository string        `json:"repository"`
	Checks     []doctorCheck `json:"checks"`
	git, forge error         // why they could not be asked at all
}

// doctorCheck is one line.
type doctorCheck struct {
	Group   string            `json:"group"`
	Name    string            `json:"name"`
	Subject string            `json:"subject,omitempty"`
	State   schema.GuardState `json:"state"`
	Seen    string            `json:"seen"`
	Code    schema.Code       `json:"code,omitempty"` // sluice explain knows it
	Fix     string            `json:"fix,omitempty"`
}

// The groups of checks, in the order in which they are shown.
const (
	groupFiles   = "files"
	groupGit     = "git"
	groupLedger  = "ledger"
	groupTrust   = "trust"
	groupForge   = "forge"
	groupBranch  = "branches"
	groupTargets = "targets"
)

func (a *app) doctor(ctx context.Context, op schema.Operator, before bool) error {
	out := []examined{}
	for _, project := range op.Projects {
		d := &doctorDesk{op: op, project: project, before: before, now: now()}
		out = append(out, d.examine(ctx))
	}
	counts := map[schema.GuardState]int{}
	for _, s := range schema.GuardStates {
		counts[s] = 0
	}
	for _, e := range out {
		for _, c := range e.Checks {
			counts[c.State]++
		}
	}
	if a.json() {
		err := a.encode(map[string]any{"projects": out, "counts": counts})
		if err != nil {
			return err
		}
	} else {
		a.printDoctor(out, counts)
	}
	if code := doctorCode(out, counts); code != exitDone {
		return answer{code}
	}
	return nil
}

// doctorCode is how it ends. Where not even one of the two was reached, there is no diagnosis to speak of.
func doctorCode(out []examined, counts map[schema.GuardState]int) int {
	worst := exitDone
	for _, e := range out {
		if e.git == nil || e.forge == nil {
			worst = exitDone
			break
		}
		worst = worse(worst, worse(exitCode(e.git), exitCode(e.forge)))
	}
	switch {
	case worst == exitForbidden || worst == exitUnavailable:
		return worst
	case counts[schema.GuardFail]+counts[schema.GuardUnknown] > 0:
		return exitNo
	}
	return exitDone
}

// inOrder sorts the checks by group; in a group they stay as they were made.
func inOrder(checks []doctorCheck) []doctorCheck {
	order := []string{groupFiles, groupGit, groupLedger, groupTrust, groupForge, groupBranch, groupTargets}
	slices.SortStableFunc(checks, func(a, b doctorCheck) int {
		return cmp.Compare(slices.Index(order, a.Group), slices.Index(order, b.Group))
	})
	return checks
}
