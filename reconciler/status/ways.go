package status

import (
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// A way is something a person can do about a cell: a sentence, and the commands that do it.
type way struct {
	Text     string
	Commands []string
}

// waysOut are those of RULES R14 for what is held in a cell: the evidence, taking the change back, and a rollback where there
// is something to go back to.
func waysOut(v schema.View, c schema.CellView, o TextOptions) []way {
	cell, h := c.Cell, *c.Held
	var out []way
	if enters(h.Verdict, late(h.Verdict, o)) {
		out = append(out, evidence(cell, h.Verdict, o))
	}
	if cell == schema.Control {
		return append(append(out, controlWays(h.Verdict, o)...), controlBack(h))
	}
	if whole := joined(v, c); len(whole) > 0 {
		out = append(out, takeAllBack(whole))
	} else {
		out = append(out, takeBack(c))
	}
	if h.Above != nil && h.Above.Why == "" {
		out = append(out, again(c))
	}
	if c.Goal == "" || h.Change.Kind == schema.Rollback {
		return out
	}
	return append(out, rollback(c, o))
}

// evidence is the first way out, of a change that can still enter as it is: with the command of those who can sign for it.
func evidence(cell schema.Cell, v schema.Verdict, o TextOptions) way {
	w := way{Text: evidenceText(v, o)}
	if !o.has("approve") || !canBeSigned(v) || cell == schema.Control { // the control files have a way of their own
		return w
	}
	w.Text += " Who may approve it signs with:"
	w.Commands = []string{"sluice approve --held " + quote(string(cell.App)) + " " + quote(string(cell.Stage))}
	return w
}

func evidenceText(v schema.Verdict, o TextOptions) string {
	people := false
	for _, l := range landed(v, o) {
		people = people || l.Mark != OK && l.Earliest.IsZero()
	}
	switch {
	case people:
		return "Clear what stands in the way: the change then enters by itself."
	case v.Outcome == schema.Allow:
		return "Nothing is missing any more: the next pass lets it in."
	}
	return "Wait: the change then enters by itself."
}

// takeBack restores what is admitted, whatever else was merged meanwhile. Restoring needs no evidence but the merge request that
// brings it.
func takeBack(c schema.CellView) way {
	h := *c.Held
	w := way{Text: "Take it back: a merge request that restores the admitted files needs nothing of the above. Then submit the change again."}
	if c.Seq == 0 {
		w.Text = "Take it back: a merge request that removes the change again needs nothing of the above. Then submit it again."
	}
	if h.Above != nil && h.Above.Why == "" {
		w.Text = strings.Replace(w.Text, "Take it back:", "Take it back, with what lies above it:", 1)
		w.Text, _, _ = strings.Cut(w.Text, " Then submit")
	}
	w.Commands = proposal(c, "revert", undone(c), fmt.Sprintf("%s: back to %s", c.Cell, name(h.Change.From.Revision)))
	return w
}

// again proposes anew what nobody judged.
func again(c schema.CellView) way {
	h := *c.Held
	what := aboveName(*h.Above)
	return way{
		Text:     fmt.Sprintf("Once that is merged, propose what lies above it (%s) in a merge request of its own:", what),
		Commands: proposal(c, "again", restored(c, h.Above.Commit), fmt.Sprintf("%s: again what %s has", c.Cell, what)),
	}
}

// undone brings a cell back to what is admitted in it.
func undone(c schema.CellView) string {
	if c.Seq == 0 {
		return "git rm -r -q -- " + quote(c.Path)
	}
	return restored(c, c.Commit)
}

func restored(c schema.CellView, from schema.Hash) string {
	return fmt.Sprintf("git restore --source=%s --staged --worktree -- %s", from.Short(), quote(c.Path))
}

// proposal are the commands that make a branch on the cell's ref, change the files there, and push it.
func proposal(c schema.CellView, kind, change, message string) []string {
	branch := kind + "/" + strings.ReplaceAll(string(c.Cell.App), "/", "-") + "-" + string(c.Cell.Stage)
	return []string{
		"git fetch origin",
		"git switch -c " + quote(branch) + " " + quote("origin/"+strings.TrimPrefix(c.Ref, "refs/heads/")),
		change,
		"git commit -S -m " + quote(message),
		"git push -u origin HEAD",
	}
}

// parent is the argument of git revert. Which commits are merges is not known here, so the sentence stands beside it.
func parent(h schema.HeldView) string { return short(h.Commit) + "   # with -m 1 if it is a merge" }

// controlBack reverts the commit on a branch of its own.
func controlBack(h schema.HeldView) way {
	return way{
		Text: "Take the change of the control files back by a merge request; what is in force stays so.",
		Commands: []string{
			"git fetch origin", "git remote set-head origin --auto", "git switch -c revert/control origin/HEAD",
			"git revert " + parent(h), "git push -u origin HEAD",
		},
	}
}

func rollback(c schema.CellView, o TextOptions) way {
	app, stage := quote(string(c.Cell.App)), quote(string(c.Cell.Stage))
	if o.has("rollback") {
		return way{Text: "Roll back to a revision that was live here before:", Commands: []string{"sluice rollback " + app + " --stage " + stage}}
	}
	w := way{Text: "Roll back: a merge request that restores the files of a revision that was live here before."}
	if o.has("history") {
		w.Commands = append(w.Commands, "sluice history "+app)
	}
	w.Commands = append(w.Commands, "git restore --source=COMMIT --staged --worktree -- "+quote(c.Path))
	return w
}

// refWays end the incident of a ref: it goes back to where it was last seen, or the admins follow where it is now.
func refWays(i schema.Incident, o TextOptions) []way {
	if i.Seen.IsZero() {
		return nil
	}
	lease := quote("--force-with-lease=" + i.Ref + ":" + hashOrEmpty(i.Found))
	out := []way{{
		Text:     "Put the ref back to where it was last seen; what was pushed after it can then be submitted by a merge request.",
		Commands: []string{fmt.Sprintf("git push %s origin %s", lease, quote(i.Seen.String()+":"+i.Ref))},
	}}
	if !o.has("accept-ref") || i.Found.IsZero() {
		return out
	}
	return append(out, way{
		Text:     "If it was meant, the admins sign that it is followed from there; what is not admitted stays out.",
		Commands: []string{fmt.Sprintf("sluice accept-ref %s --new %s --reason 'why it was rewritten'", quote(strings.TrimPrefix(i.Ref, "refs/heads/")), i.Found)},
	})
}

func hashOrEmpty(h schema.Hash) string {
	if h.IsZero() {
		return ""
	}
	return h.String()
}

func (p paper) ways(ways []way) {
	if len(ways) == 0 {
		return
	}
	p.line("")
	p.line("ways out")
	for i, w := range ways {
		p.line("  %d. %s", i+1, w.Text)
		for _, c := range w.Commands {
			p.line("       %s", c)
		}
	}
}

// quote makes a word safe to paste into a shell.
func quote(word string) string {
	word = safe(word)
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@^", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
