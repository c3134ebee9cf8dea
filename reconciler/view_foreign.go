package reconciler

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// foreignShown is how many foreign keys a view names.
const foreignShown = 3

// withForeign says what the last comparison found at targets beside what is delivered there.
func (r *Reconciler) withForeign(v *schema.View) {
	if len(r.strangers) == 0 {
		return
	}
	changeCells(v, r.foreignCell)
}

func (r *Reconciler) foreignCell(c *schema.CellView) {
	own := false
	for k, t := range c.Targets {
		keys := r.strangers[deliveryKey{c.Cell, t.Name}]
		if len(keys) == 0 {
			continue
		}
		if !own {
			c.Targets, own = slices.Clone(c.Targets), true
		}
		c.Targets[k].Foreign = &schema.ForeignView{Count: len(keys), Keys: slices.Clone(keys[:min(len(keys), foreignShown)])}
	}
}
