package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// selectFlags say which apps somebody asks for.
type selectFlags struct {
	stage, owner   string
	states, labels []string
}

func (s *selectFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&s.stage, "stage", "", "only apps that have something in this `STAGE`")
	flags.StringSliceVar(&s.states, "state", nil, "only apps with a cell in one of these `STATES`, such as drifted,held")
	flags.StringVar(&s.owner, "owner", "", "only apps of this `OWNER`")
	flags.StringSliceVarP(&s.labels, "label", "l", nil, "only apps with this label: `NAME=TEXT`; several have to fit all")
}

func (s *selectFlags) any() bool {
	return s.stage != "" || s.owner != "" || len(s.states)+len(s.labels) > 0
}

// of leaves what is asked for.
func (s *selectFlags) of(view schema.View) (schema.View, error) {
	if s.stage != "" {
		if err := checkStage(view.Stages, s.stage); err != nil {
			return view, err
		}
	}
	asked := status.Selection{Stage: schema.StageName(s.stage), Owner: s.owner, Labels: strings.Join(s.labels, ",")}
	for _, state := range s.states {
		asked.States = append(asked.States, schema.CellState(state))
	}
	if why := asked.Wrong(); why != "" {
		return view, &failure{code: exitUsage, err: errors.New(why), hint: "states: " + strings.Join(words(status.States()), ", ") + "; labels: --label tier=1"}
	}
	return asked.Of(view), nil
}
