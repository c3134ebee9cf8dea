package reconciler

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// codeUnavailable says that a target does not answer.
const codeUnavailable schema.Code = "target-unavailable"

// doesNotAnswer reports whether a target that is down for that reason tells nothing of what it holds: it is neither live nor another.
func doesNotAnswer(code schema.Code) bool {
	return code == codeUnavailable || code == "target-settings" || code == "target-forbidden"
}

// withSilent says at once of targets that do not answer what the ledger is told of when it lasts: what they hold is not known.
func withSilent(v *schema.View) {
	if len(v.Silent) == 0 {
		return
	}
	changeCells(v, func(c *schema.CellView) { silentCell(c, v.Silent) })
}

// changeCells changes the cells of a view that shares them with the ledger's own view, which stays as it is.
func changeCells(v *schema.View, change func(*schema.CellView)) {
	v.Apps = slices.Clone(v.Apps)
	for i := range v.Apps {
		v.Apps[i].Cells = slices.Clone(v.Apps[i].Cells)
		for j := range v.Apps[i].Cells {
			change(&v.Apps[i].Cells[j])
		}
	}
}

// silentCell changes a cell with its targets, which it makes its own first.
func silentCell(c *schema.CellView, silent []schema.SilentView) {
	drifted, quiet := false, false
	for k, t := range c.Targets {
		at := slices.IndexFunc(silent, func(s schema.SilentView) bool { return s.Target == t.Name })
		if at < 0 {
			drifted = drifted || t.Code == CodeDrift || t.Code == CodeContested
			continue
		}
		if !quiet {
			c.Targets, quiet = slices.Clone(c.Targets), true
		}
		t := &c.Targets[k]
		if t.Unknown.IsZero() || silent[at].Since.Before(t.Unknown) {
			t.Unknown = silent[at].Since
		}
		t.Live, t.Code = false, codeUnavailable
	}
	if quiet && (c.State == schema.Live || c.State == schema.Drifted && !drifted) {
		c.State = schema.Unverified
	}
}

// withUnread says at once of what could not be compared or written for another reason than silence: whether it is live is not known,
// though the ledger is told of it only when it lasts.
func (r *Reconciler) withUnread(v *schema.View) {
	if len(r.unread) == 0 {
		return
	}
	changeCells(v, r.unreadCell)
}

func (r *Reconciler) unreadCell(c *schema.CellView) {
	own := false
	for k, t := range c.Targets {
		key := deliveryKey{c.Cell, t.Name}
		why := r.unread[key]
		if why.code == "" || t.Code != "" {
			continue
		}
		if !own {
			c.Targets, own = slices.Clone(c.Targets), true
		}
		at := &c.Targets[k]
		at.Live, at.Code, at.Refused = false, why.code, why.refused
		if doesNotAnswer(why.code) {
			at.Unknown = r.down[key]
		}
	}
	switch {
	case own && c.State == schema.Live:
		c.State = schema.Unverified
	case own && c.State == schema.Admitted:
		c.State = schema.Failing
	}
}
