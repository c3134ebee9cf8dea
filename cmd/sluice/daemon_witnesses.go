package main

import (
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations/witness"
	"github.com/sluice-gitops/sluice/schema"
)

// openWitnesses takes the operator's addresses of those who cosign the ledger.
func openWitnesses(project schema.OperatorProject, cfg *reconciler.Config) error {
	for _, w := range project.Witnesses {
		client, err := witness.New(w.URL)
		if err != nil {
			return &failure{code: exitUsage, err: fmt.Errorf("witness %s: %w", w.Name, err), hint: "correct witnesses: in the operator's file; url is the submission prefix that the witness's operator told you"}
		}
		cfg.Witnesses = append(cfg.Witnesses, reconciler.Witness{Name: w.Name, Client: client})
	}
	return nil
}
