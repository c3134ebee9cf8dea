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
		out = append(out, controlWays(h.Verdict, o)...)
		return append(out, way{Text: "Take the change of the control files back by a merge request; what is in force stays so.",
			Commands: []string{"git revert " + parent(h)}})
	}
	if whole := joined(v, c); len(whole) > 0 {
		out = append(out, takeAllBack(whole, o))
	} else {
		out = append(out, takeBack(cell, h, c.Seq == 0, o))
	}
	if c.Goal == "" || h.Change.Kind == schema.Rollback {
		return out
	}
	return append(out, rollback(cell, o))
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

// takeBack restores what is admitted. Restoring needs no evidence but the merge request that brings it.
func takeBack(cell schema.Cell, h schema.HeldView, first bool, o TextOptions) way {
	w := way{Text: "Take it back: a merge request that restores the admitted files needs nothing of the above. Then submit the change again."}
	if first {
		w.Text = "Take it back: a merge request that removes the change again needs nothing of the above. Then submit it again."
	}
	at := o.place(cell)
	branch := quote("revert/" + strings.ReplaceAll(string(cell.App), "/", "-") + "-" + string(cell.Stage))
	into := "origin/" + strings.TrimPrefix(at.Ref, "refs/heads/")
	switch {
	case at.Ref == "" || at.Path == "":
		w.Commands = []string{"git revert " + parent(h)}
	case at.Base.IsZero():
		w.Commands = []string{"git fetch origin", "git switch -c " + branch + " " + quote(into), "git revert " + parent(h), "git push -u origin HEAD"}
	default:
		w.Commands = []string{
			"git fetch origin",
			"git switch -c " + branch + " " + quote(into),
			fmt.Sprintf("git restore --source=%s --staged --worktree -- %s", at.Base.Short(), quote(at.Path)),
			fmt.Sprintf("git commit -S -m %s", quote(fmt.Sprintf("%s: back to %s", cell, name(h.Change.From.Revision)))),
			"git push -u origin HEAD",
		}
	}
	return w
}

// parent is the argument of git revert. Which commits are merges is not known here, so the sentence stands beside it.
func parent(h schema.HeldView) string { return short(h.Commit) + "   # with -m 1 if it is a merge" }

func rollback(cell schema.Cell, o TextOptions) way {
	app, stage := quote(string(cell.App)), quote(string(cell.Stage))
	if o.has("rollback") {
		return way{Text: "Roll back to a revision that was live here before:", Commands: []string{"sluice rollback " + app + " --stage " + stage}}
	}
	w := way{Text: "Roll back: a merge request that restores the files of a revision that was live here before."}
	if o.has("history") {
		w.Commands = append(w.Commands, "sluice history "+app)
	}
	if at := o.place(cell); at.Path != "" {
		w.Commands = append(w.Commands, "git restore --source=COMMIT --staged --worktree -- "+quote(at.Path))
	}
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
