package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// writeSheet shows what is approved. Whatever comes from a commit or a file is made printable first.
func (a *app) writeSheet(s sheet) {
	fmt.Fprintf(a.out, "%s, head %s\n", schema.Printable(s.Title), s.Statement.Head.Short())
	if s.Key != "" {
		fmt.Fprintf(a.out, "you sign as %s, with %s\n", s.Signer, s.Key)
	} else {
		fmt.Fprintf(a.out, "you sign with %s\n", schema.Printable(s.Signer))
	}
	for _, one := range s.Steps {
		writeStep(a.out, one)
	}
	fmt.Fprintln(a.out)
	for _, note := range s.Notes {
		fmt.Fprintf(a.out, "note: %s\n", schema.Printable(note))
	}
	fmt.Fprintf(a.out, "seen: ledger #%d, trust version %d; it counts for what is shown here alone\n", s.Statement.Seen.Size, s.Statement.Trust)
}

// writeSigned says what came of it.
func (a *app) writeSigned(s sheet) {
	switch {
	case s.Before:
		fmt.Fprintf(a.out, "you approved this already: %s\n", s.Tag)
	case s.DryRun:
		fmt.Fprintf(a.out, "would sign, in the namespace %s:\n\n%s\n", signing.ApprovalNamespace, indented(s.Text))
	case s.Pushed:
		fmt.Fprintf(a.out, "approved: %s\n", s.Tag)
		next := "sluice why control"
		if cell := s.Steps[0].Cell; cell != schema.Control {
			next = fmt.Sprintf("sluice why %s %s", cell.App, cell.Stage)
		}
		fmt.Fprintf(a.out, "next: the reconciler reads it in its next pass; then git fetch && %s\n", next)
	}
}

func writeStep(w io.Writer, s step) {
	fmt.Fprintf(w, "\n%s: %s\n", cellName(s.Cell), changeText(s.Change))
	fmt.Fprintf(w, "  from  %s%s\n        %s\n", revisionText(s.Change.From), s.Admitted, string(s.From))
	fmt.Fprintf(w, "  to    %s%s\n        %s\n", revisionText(s.Change.To), sourceText(s.Change), string(s.To))
	if s.Gate != "" {
		fmt.Fprintf(w, "  gate  %s\n", s.Gate)
	}
	place := branchName(s.Ref)
	if s.Path != "" {
		place += ", " + s.Path
	}
	fmt.Fprintf(w, "  in    %s\n", schema.Printable(place))
	writeEdits(w, s.Edits, s.Equal)
	for _, f := range s.Files {
		fmt.Fprintf(w, "    ~ %s  %s\n", schema.Printable(f.Path), f.Text)
	}
	writeCommits(w, s.Commits)
	if len(s.Authors) > 0 {
		fmt.Fprintf(w, "  worked on it and cannot approve it: %s\n", schema.Printable(strings.Join(s.Authors, ", ")))
	}
	for _, node := range s.Said {
		fmt.Fprintf(w, "  counts: %s\n", worth(node))
	}
	for _, warned := range s.Warnings {
		code := ""
		if warned.Code != "" {
			code = " [" + string(warned.Code) + "]"
		}
		fmt.Fprintf(w, "  warning: %s%s\n", schema.Printable(warned.Text), code)
	}
}

func changeText(c schema.Change) string {
	text := map[schema.Kind]string{
		schema.Edit: "an edit", schema.Promote: "a promotion", schema.Rollback: "a rollback", schema.Tune: "stage-local files change",
		schema.Retire: "the app is retired", schema.Override: "an override", schema.Unclassified: "an edit",
	}[c.Kind]
	if c.Source != nil {
		text += " from " + string(c.Source.Stage)
	}
	if c.Tune && c.Kind != schema.Tune {
		text += ", and stage-local files change"
	}
	return text
}

// revisionText names a revision; the control files have none.
func revisionText(s schema.Side) string {
	if s.Revision == "" {
		return ""
	}
	return s.Revision.String() + ", "
}

func sourceText(c schema.Change) string {
	switch {
	case c.Source != nil && c.Source.LiveAt.IsZero():
		return fmt.Sprintf("admitted in %s, which only observes: not live there", c.Source.Stage)
	case c.Source != nil:
		return fmt.Sprintf("live in %s since %s", c.Source.Stage, minute(c.Source.LiveAt))
	case c.Code != "":
		return schema.Printable(c.Code.Message(nil))
	case c.Kind == schema.Rollback:
		return "admitted here before"
	case c.Kind == schema.Unclassified:
		return "as the commit has them"
	}
	return "new here"
}

func writeEdits(w io.Writer, edits []diff.Edit, equal int) {
	fmt.Fprintf(w, "  keys  %d of %d differ\n", len(edits), len(edits)+equal)
	width := 0
	for _, e := range edits {
		width = max(width, len(schema.Printable(e.Key)))
	}
	for _, e := range edits {
		fmt.Fprintf(w, "    %s %-*s  %s\n", map[string]string{"add": "+", "remove": "-", "replace": "~"}[e.Op], width, schema.Printable(e.Key), editText(e))
	}
}

func writeCommits(w io.Writer, commits []schema.CommitVerdict) {
	if len(commits) == 0 {
		fmt.Fprintln(w, "  no commit of it changes the app")
		return
	}
	fmt.Fprintln(w, "  commits")
	for _, c := range commits {
		who := c.Principal
		if who == "" {
			who = "nobody known"
		}
		fmt.Fprintf(w, "    %s  %s  %s  %s\n", c.Commit.Short(), c.Code, who, schema.Printable(c.Subject))
	}
}

// worth says how many approvals there are with this one, as far as a clone knows.
func worth(node schema.Verdict) string {
	args, yours := node.Args, "with yours"
	if part, ok := lastSigned(node); ok && part.Outcome != schema.Allow {
		yours = "without yours, which does not count"
	}
	for _, part := range node.Parts {
		if part.Code == "signed-approvals-missing" {
			args = part.Args
		}
	}
	if node.Args["need_signed"] != "" {
		args = node.Args
	}
	if need := node.Args["need"]; node.Policy == "admins" && need != "" {
		return fmt.Sprintf("%s of %s admins %s; an admin who signed the commits of the whole change counts as well", node.Args["have"], need, yours)
	}
	var parts []string
	if need := args["need_signed"]; need != "" {
		parts = append(parts, fmt.Sprintf("%s of %s signed approvals %s", args["have_signed"], need, yours)+alsoBy(args["eligible_signed"]))
	}
	if need := node.Args["need"]; need != "" && need != "0" {
		parts = append(parts, fmt.Sprintf("%s of %s approvals %s", node.Args["have"], need, yours)+alsoBy(node.Args["eligible"])+", those at the forge not counted here")
	}
	if len(parts) == 0 {
		return "the gate asks for none"
	}
	return schema.Printable(strings.Join(parts, "; "))
}

func alsoBy(eligible string) string {
	if eligible == "" {
		return ""
	}
	return " (also may: " + eligible + ")"
}

// minute is a time as statements are read by people.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
