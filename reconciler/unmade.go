package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
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
			p.unread[u.job.key()] = failureOf(u.err, u.job)
		}
	}
}

// failure is why a delivery failed, as people are told.
type failure struct {
	code    schema.Code
	refused *schema.Refusal // nil where no more is known
}

// failureOf says how much was to be written where that was too much, also where the target does not.
func failureOf(err error, j job) failure {
	f := failure{code: failureCode(err)}
	var at *integrations.Error
	if errors.As(err, &at) && at.Refused != nil {
		said := *at.Refused
		f.refused = &said
	}
	known := f.refused != nil && (f.refused.Size != 0 || f.code == integrations.CodeFull && f.refused.What != "")
	if f.code != integrations.CodeTooLarge && f.code != integrations.CodeFull || known {
		return f
	}
	if f.refused == nil {
		f.refused = &schema.Refusal{}
	}
	f.refused.Size = int64(len(j.release.Document))
	return f
}

// told reports whether the ledger says so already: of each delivery it is told once how much was refused, however the size of the
// request or the answer changes from one attempt to the next.
func (f failure) told(was ledger.Down, delivered int64) bool {
	if was.Code != f.code {
		return false
	}
	return f.refused == nil || was.Refused != nil && (was.Seq > delivered || *was.Refused == *f.refused)
}

// failureCode says why a delivery failed: what is wrong with the content, else with the target.
func failureCode(err error) schema.Code {
	if content := (*misfit)(nil); errors.As(err, &content) {
		return content.Code()
	}
	return integrations.Code(err)
}
