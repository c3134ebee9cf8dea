package note

import (
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// approval says who may approve, how, and what will be missing then.
func (w *writer) approval(c Cell) {
	if w.subject.Merged && c.signal() == "failed" {
		w.block("It is merged, so this is mended by taking the change back with a merge request and submitting it again.")
		return
	}
	if c.state() == refused {
		return // no approval mends it
	}
	a := allAsks(c.Verdict)
	if a.observed == 0 && a.signed == 0 {
		return
	}
	who := a.eligible
	if a.observed == 0 || len(who) == 0 {
		who = a.signers
	}
	if len(who) == 0 {
		w.block("Nobody is left who may approve: those with the role worked on it, or have approved already.")
		return
	}
	w.block("- **May approve**: %s", names(who))
	if w.subject.Merged {
		w.line("- It is merged, so only approvals by signature count now: %s", Code("sluice approve --held "+string(c.Cell.App)+" "+string(c.Cell.Stage)))
	} else if a.signed > 0 {
		w.line("- By signature: %s", w.command(c.Cell))
	}
	w.line("- %s", after(c, a))
}

func (w *writer) command(cell schema.Cell) string {
	text := "sluice approve " + strings.TrimPrefix(bang(w.subject.IID), "!")
	if len(w.subject.Cells) > 1 {
		text += " --cell " + string(cell.Stage) + "/" + string(cell.App)
	}
	return Code(text)
}

// allAsks joins what the approvals policies of a gate want.
func allAsks(v schema.Verdict) asks {
	var all asks
	for _, part := range missing(v) {
		a := askedOf(part)
		all.observed, all.signed = max(all.observed, a.observed), max(all.signed, a.signed)
		if len(a.eligible) > 0 {
			all.eligible = a.eligible
		}
		if len(a.signers) > 0 {
			all.signers = a.signers
		}
	}
	return all
}

// after is what the next approval will leave missing.
func after(c Cell, a asks) string {
	one := "approval"
	if a.signed >= a.observed {
		one, a.signed = "approval by signature", a.signed-1
	}
	a.observed = max(0, a.observed-1)
	left := a.words()
	for _, part := range missing(c.Verdict) {
		if asks := askedOf(part); asks.observed == 0 && asks.signed == 0 {
			left = append(left, want(part)...)
		}
	}
	if c.Pending {
		left = append(left, below)
	}
	if len(left) == 0 {
		return "After one more " + one + " nothing is missing."
	}
	return "After one more " + one + " it still waits: " + strings.Join(left, "; ") + "."
}

// control shows a change of the control files, which people sign and nobody approves by a button.
func (w *writer) control(c Control) {
	w.block("#### Control files: %s", c.state())
	var paths []string
	for _, p := range c.Changed {
		paths = append(paths, Code(p))
	}
	if c.Admitted > 0 {
		w.block("Changed: %s.", capped(paths))
		return
	}
	w.block("Changed: %s. They are in force once they are admitted, and nothing of them before.", capped(paths))
	w.gate(c.Verdict)
	for _, part := range missing(c.Verdict) {
		switch {
		case w.subject.Merged:
		case part.Policy == "admins":
			if who := list(part.Args["eligible"]); len(who) > 0 {
				w.block("- **May sign**: %s", names(who))
			}
			w.line("- By signature: %s", Code("sluice approve --control "+strings.TrimPrefix(bang(w.subject.IID), "!")))
		case part.Policy == "roots":
			w.block("The roots sign the trust directory in its files: %s", Code("sluice trust sign"))
		}
	}
}
