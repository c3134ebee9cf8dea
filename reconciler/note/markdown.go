package note

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	mostRows = 50      // keys that are shown, of all cells together
	mostFull = 10      // cells that are shown whole
	mostPart = 50      // cells that are named
	maxBody  = 100_000 // bytes; the forge takes ten times as many
)

// Markdown is the body of the note, its marker included. Where it would be too long, fewer keys are shown and then fewer cells.
func (s Subject) Markdown() string {
	rows, full := mostRows, mostFull
	for {
		body := s.markdown(rows, full)
		if len(body) <= maxBody || rows == 0 && full == 0 {
			return body
		}
		rows, full = rows/2, full/2
	}
}

func (s Subject) markdown(rows, full int) string {
	w := &writer{subject: s, rows: rows}
	w.line("%s", s.Marker())
	w.line("**sluice: %s**", s.headline())
	if s.Control != nil {
		w.control(*s.Control)
	}
	shown := 0
	for _, c := range s.Cells {
		if c.Settled {
			continue
		}
		if shown++; shown <= full {
			w.cell(c)
		}
	}
	w.rest(full)
	w.files()
	w.footer()
	return w.b.String()
}

// writer writes one note.
type writer struct {
	b       strings.Builder
	subject Subject
	rows    int // that may still be shown
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

// block begins after an empty line.
func (w *writer) block(format string, args ...any) { w.line("\n"+format, args...) }

func (w *writer) cell(c Cell) {
	if len(w.subject.Cells) > 1 || w.subject.Control != nil {
		w.block("#### %s: %s", place(c), c.state())
	}
	if c.Replaced {
		return
	}
	if c.Below.Merged {
		w.edits(c.Edits)
		w.block("%s", c.Below.text(c.Cell))
		return
	}
	w.block("%s", change(c.Change))
	w.edits(c.Edits)
	switch {
	case c.Pending:
		w.block("%s", c.Below.text(c.Cell))
	case c.LetIn != "":
		w.block("Its stage does not enforce (mode %s). What its gate says:", Code(string(c.LetIn)))
		w.gate(c.Verdict)
		return
	case c.Admitted > 0:
		return
	}
	w.gate(c.Verdict)
	if len(c.AtMerge) > 0 {
		w.block("Told by the merge itself: %s", Prose(strings.Join(c.AtMerge, ", ")))
	}
	w.approval(c)
}

// place names a cell.
func place(c Cell) string { return Code(string(c.Cell.App)) + " in " + Code(string(c.Cell.Stage)) }

// change says what kind of change it is, in the words of the manual.
func change(c schema.Change) string {
	text := map[schema.Kind]string{
		schema.Edit: "Edit", schema.Promote: "Promotion", schema.Rollback: "Rollback", schema.Retire: "Retirement",
		schema.Tune: "Tune of stage-local files", schema.Override: "Override",
	}[c.Kind]
	if text == "" {
		text = "Change"
	}
	if c.Source != nil {
		text += " from " + Code(string(c.Source.Stage))
	}
	if c.Tune && c.Kind != schema.Tune {
		text += ", with a tune of stage-local files"
	}
	return fmt.Sprintf("%s: %s → %s", text, revision(c.From.Revision), revision(c.To.Revision))
}

// revision is a revision's short name. What cannot be configuration has none.
func revision(r schema.Revision) string {
	if strings.HasPrefix(string(r), "invalid:") {
		return "no configuration"
	}
	if r == schema.None || r == "" {
		return "none"
	}
	return Code(r.String())
}

func (w *writer) edits(edits []diff.Edit) {
	if len(edits) == 0 {
		return
	}
	shown := diff.Mask(edits[:min(len(edits), w.rows)])
	if len(shown) > 0 {
		w.block("| key | before | after |\n|---|---|---|")
	}
	for _, e := range shown {
		w.line("| %s | %s | %s |", Code(e.Key), value(e.From, e.Op == "add"), value(e.To, e.Op == "remove"))
	}
	w.rows -= len(shown)
	if n := len(edits) - len(shown); n > 0 {
		w.block("and %s more: the changes of this merge request and the report of its pipeline have them all", count(n, "key", "keys"))
	}
}

func value(text string, absent bool) string {
	switch {
	case absent:
		return ""
	case text == diff.Hidden:
		return "*hidden*"
	}
	return Code(text)
}

// gate is a row for each policy that is not met, and one line of those that are.
func (w *writer) gate(v schema.Verdict) {
	if v.Policy == "" && len(v.Parts) == 0 && v.Code == "" {
		return
	}
	open := missing(v)
	if len(open) > 0 {
		w.block("| gate | answer | what is missing |\n|---|---|---|")
	}
	for _, part := range open {
		w.line("| %s | %s | %s |", Code(part.Policy), outcome(part.Outcome), reason(part))
	}
	var met []string
	for _, part := range parts(v) {
		if part.Outcome == schema.Allow && (w.subject.Merged || part.Policy != "merge-request") {
			met = append(met, metWord(part))
		}
	}
	if len(met) > 0 {
		w.block("Met: %s", strings.Join(met, ", "))
	}
}

func metWord(v schema.Verdict) string {
	switch {
	case v.Policy == "signed" && v.Args["signers"] != "":
		return "signed by " + names(list(v.Args["signers"]))
	case v.Policy == "approvals" && v.Args["by"] != "":
		return "approved by " + names(list(v.Args["by"]))
	}
	return Prose(strings.ReplaceAll(v.Policy, "-", " "))
}

// rest names the cells that are not shown whole, and those of which nothing is asked.
func (w *writer) rest(full int) {
	var more, same []string
	n := 0
	for _, c := range w.subject.Cells {
		switch {
		case c.Settled:
			same = append(same, place(c))
			continue
		case n < full:
			n++
			continue
		}
		more = append(more, place(c)+" "+c.state().String())
	}
	if len(more) > 0 {
		w.block("And %s more: %s", count(len(more), "app", "apps"), capped(more))
	}
	if len(same) > 0 && len(w.subject.Cells) > 1 {
		w.block("%s as admitted already, so nothing is asked: %s", count(len(same), "app is", "apps are"), capped(same))
	}
}

func capped(all []string) string {
	if len(all) > mostPart {
		return strings.Join(all[:mostPart], ", ") + fmt.Sprintf(" and %d more", len(all)-mostPart)
	}
	return strings.Join(all, ", ")
}

// files folds away which files differ.
func (w *writer) files() {
	var all []string
	for _, c := range w.subject.Cells {
		for _, f := range c.Files {
			all = append(all, fmt.Sprintf("- %s %s", map[string]string{"add": "new", "remove": "gone"}[f.Op], Code(f.Path)))
		}
	}
	if len(all) == 0 {
		return
	}
	w.block("<details><summary>Files (%d)</summary>\n", len(all))
	for i, f := range all {
		if i == mostPart {
			w.line("- and %d more", len(all)-i)
			break
		}
		w.line("%s", strings.Replace(f, "-  ", "- ", 1))
	}
	w.block("</details>")
}

func (w *writer) footer() {
	text := "Judged for head " + Code(w.subject.Head.Short())
	if address.MatchString(w.subject.Page) {
		text += " · [status](" + w.subject.Page + ")"
	}
	w.block("%s", text)
}

// address is one that ends a link nowhere but at its end.
var address = regexp.MustCompile(`^https?://[A-Za-z0-9.:/_~%-]+$`)

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ", ")
}
