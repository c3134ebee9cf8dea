package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// misfit is that admitted content makes no release, whatever the target: it was sealed as it lay there, or admitted by a
// reconciler that read it otherwise. Its code is that of what is wrong with the file, which says what to do.
type misfit struct{ found schema.Diagnostics }

func (m *misfit) Error() string {
	text := fmt.Sprintf("%s: %s", m.found[0].Position, m.found[0].Message)
	if more := len(m.found) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}

// Code is that of the first finding.
func (m *misfit) Code() schema.Code { return m.found[0].Code }

// Unwrap says that it is the content that has to change, as where a target refuses it.
func (m *misfit) Unwrap() error { return integrations.ErrInvalid }

// unmade is a delivery of which no release could be made.
type unmade struct {
	job job
	err error
}

// unmade says of cells without a release why they are not delivered. That their content makes none is their failure and lasts, so the
// ledger is told; what could not be read here is no trait of the cell, and stands on the page until it can be read.
func (p *pass) unmade(d *deliveries) {
	for _, u := range d.unmade {
		u.job.release.Applied = u.job.state.Applied(p.ledger.Head().Control, u.job.target.Name)
		if lasts := (*misfit)(nil); errors.As(u.err, &lasts) {
			p.failed(u.job, u.err, d)
			continue
		}
		d.errs = append(d.errs, u.err)
		if !errors.Is(u.err, ErrDoubt) && !errors.Is(u.err, context.Canceled) && !p.observes(u.job.state) {
			p.unread[u.job.key()] = failureCode(u.err)
		}
	}
}

// failureCode says why a delivery failed: what is wrong with the content, else with the target.
func failureCode(err error) schema.Code {
	if content := (*misfit)(nil); errors.As(err, &content) {
		return content.Code()
	}
	return integrations.Code(err)
}
