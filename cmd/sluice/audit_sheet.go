package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/journal"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// auditSheet writes what is known of an entry as lines of a name and a text. All texts come from people, so all of them are made
// printable here.
type auditSheet struct {
	to    io.Writer
	color bool
}

const auditTime = "2006-01-02 15:04:05 UTC"

func (s auditSheet) paint(code, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// line writes a name and a text; a line without a name goes on with the one before.
func (s auditSheet) line(name, format string, args ...any) {
	text := schema.Printable(fmt.Sprintf(format, args...))
	fmt.Fprintln(s.to, strings.TrimRight("  "+s.paint("2", fmt.Sprintf("%-14s", name))+text, " "))
}

func (s auditSheet) entry(ctx context.Context, c *clone, shown shownEntry) {
	e := shown.Entry
	fmt.Fprintf(s.to, "%s  %s  %s\n\n", s.paint("1", fmt.Sprintf("entry #%d", e.Seq)), s.headline(e), e.At.UTC().Format(auditTime))
	s.said(journal.Seen(e))
	if e.Ref != "" {
		s.line("ref", "%s %s", e.Ref, journal.Moved(e))
	}
	if e.Code != "" {
		s.line("code", "[%s]", e.Code)
	}
	s.decision(e)
	s.said(journal.Widens(e))
	s.delivery(e.Delivery)
	s.seal(e.Seal)
	s.order(e)
	s.evidence(ctx, c.Ledger, e)
	fmt.Fprintln(s.to)
	s.line("digest", "%s", shown.Digest)
	p := shown.Inclusion
	s.line("leaf", "%s", p.Leaf)
	s.line("checkpoint", "%s, root %s; the leaf is in it by %s", count(p.Size, "entry", "entries"), p.Root, count(int64(len(p.Hashes)), "hash", "hashes"))
}

// headline says what kind of entry it is, and of what.
func (s auditSheet) headline(e ledger.Entry) string {
	word := map[ledger.Kind]string{
		ledger.Genesis: "sealed", ledger.Admit: "admitted", ledger.Rollback: "rolled back", ledger.Retire: "retired", ledger.Hold: "held",
		ledger.Deny: "denied", ledger.Apply: "delivered", ledger.Drift: "drift", ledger.TargetDown: "target down", ledger.Observe: "observed", ledger.Archive: "archived",
		ledger.Widen: "widened",
	}[e.Kind]
	if word == "" {
		word = string(e.Kind)
	}
	tone := "32"
	switch e.Kind {
	case ledger.Hold, ledger.Drift, ledger.TargetDown:
		tone = "33"
	case ledger.Deny, ledger.BreakGlass, ledger.Taint:
		tone = "31"
	}
	word = s.paint(tone, word)
	switch {
	case e.Stage != "" && e.App != "":
		return fmt.Sprintf("%s  %s in %s", word, schema.Printable(string(e.App)), e.Stage)
	case e.Cell() == schema.Control:
		return word + "  control files"
	case e.Stage != "":
		return word + "  " + string(e.Stage)
	}
	return word
}

// said are lines in the words of the page.
func (s auditSheet) said(lines []schema.Said) {
	for _, l := range lines {
		s.line(l.Name, "%s", l.Text)
	}
}

func (s auditSheet) decision(e ledger.Entry) {
	d := e.Decision
	if d == nil {
		return
	}
	s.line("change", "%s", changeLine(d.Change))
	s.line("landed", "by %s on %s at %s, from %s", d.Landing.Method, d.Landing.Ref, d.Landing.Tip.Short(), d.Landing.Base.Short())
	if !d.Landing.Head.IsZero() && d.Landing.Head != d.Landing.Tip {
		s.line("", "people signed %s", d.Landing.Head.Short())
	}
	if mr := d.MergeRequest; mr != nil {
		s.line("merge request", "%s", mergeRequestText(*mr))
	}
	for i, c := range d.Commits {
		s.line(nameOnce(i, "commits"), "%s", commitText(c))
	}
	for i, c := range d.Counted {
		s.line(nameOnce(i, "approved"), "%s", approvalText(c))
	}
	if len(d.Authors) > 0 {
		s.line("authors", "%s (may not approve it further on)", strings.Join(d.Authors, ", "))
	}
	s.verdict("verdict", d.Verdict, 0)
	s.line("in force", "control files of entry #%d, trust version %d, gate %s", d.Control, d.Trust, brief(string(d.Gate)))
	for i, op := range d.Patch {
		s.line(nameOnce(i, "files"), "%-8s %s", op.Op, op.Path)
	}
	if d.Superseded > 0 {
		s.line("makes moot", "entry #%d", d.Superseded)
	}
}

// verdict writes the tree of answers, indented.
func (s auditSheet) verdict(name string, v schema.Verdict, depth int) {
	tone := map[schema.Outcome]string{schema.Allow: "32", schema.Hold: "33", schema.Deny: "31"}[v.Outcome]
	text := strings.Repeat("  ", depth) + schema.Printable(v.Policy)
	rest := ""
	if v.Code != "" {
		rest += " [" + string(v.Code) + "]"
	}
	for _, arg := range slices.Sorted(maps.Keys(v.Args)) {
		if v.Args[arg] != "" {
			rest += fmt.Sprintf(" %s=%s", arg, v.Args[arg])
		}
	}
	if v.Earliest != nil {
		rest += " earliest " + v.Earliest.UTC().Format(auditTime)
	}
	fmt.Fprintf(s.to, "  %s%-20s %s%s\n", s.paint("2", fmt.Sprintf("%-14s", name)), text, s.paint(tone, v.Outcome.String()), schema.Printable(rest))
	for _, p := range v.Parts {
		s.verdict("", p, depth+1)
	}
}

func (s auditSheet) delivery(d *ledger.Delivery) {
	if d == nil {
		return
	}
	s.line("target", "%s %s", d.Target, d.Result)
	s.line("delivers", "entry #%d, content %s", d.Admission, brief(string(d.Content)))
	for i, k := range d.Keys {
		s.line(nameOnce(i, "keys"), "%-8s %s%s", k.Op, k.Key, driftDetail(k))
	}
}

// driftDetail is who wrote what was found, and as which change, where the target tells.
func driftDetail(k ledger.DriftKey) string {
	text := schema.Printable(journal.Writer(k))
	if k.After != "" {
		text += "  is " + brief(string(k.After))
	}
	return text
}

func (s auditSheet) seal(seal *ledger.Seal) {
	if seal == nil {
		return
	}
	if seal.Anchor != "" {
		s.line("anchor", "%s", seal.Anchor)
	}
	s.line("control files", "of commit %s, trust version %d", seal.Commit.Short(), seal.Trust)
	for i, ref := range slices.Sorted(maps.Keys(seal.Refs)) {
		s.line(nameOnce(i, "tips"), "%s %s", seal.Refs[ref].Short(), ref)
	}
	if n := len(seal.Request); n > 0 {
		s.line("asked for by", "%s", count(int64(n), "signed request", "signed requests"))
	}
}

func (s auditSheet) order(e ledger.Entry) {
	o := e.Order
	if o == nil {
		return
	}
	if len(o.By) > 0 {
		s.line("asked for by", "%s", strings.Join(o.By, ", "))
	}
	if o.Reason != "" {
		s.line("reason", "%s", o.Reason)
	}
	if o.Revision != "" {
		s.line("revision", "%s", o.Revision)
	}
	s.said(journal.Terms(e))
}

// evidence lists the blobs with what they are.
func (s auditSheet) evidence(ctx context.Context, l *ledger.Ledger, e ledger.Entry) {
	seen := map[schema.Digest]bool{}
	for _, d := range e.Names() {
		if seen[d] {
			continue
		}
		seen[d] = true
		what := "not in this clone"
		if data, err := l.Evidence(ctx, d); err == nil {
			what = evidenceKind(data)
		}
		s.line(nameOnce(len(seen)-1, "evidence"), "%s  %s", brief(string(d)), what)
	}
}

// evidenceKind tells by the bytes what a blob is.
func evidenceKind(data []byte) string {
	commit := schema.ObjectID(schema.CommitObject, data).Short()
	_, err := schema.ParseManifest(data)
	switch {
	case bytes.HasPrefix(data, []byte("tree ")):
		return "commit " + commit
	case bytes.HasPrefix(data, []byte("object ")):
		return "tag"
	case bytes.HasPrefix(data, []byte(`{"v":1,"merge_request":`)):
		return "what the forge said, as it was judged"
	case len(data) > 0 && (data[0] == '{' || data[0] == '['):
		return "an answer of the forge"
	case len(data) > 0 && err == nil:
		return "manifest"
	case bytes.IndexByte(data, 0) > 0:
		return "tree " + schema.ObjectID(schema.TreeObject, data).Short()
	}
	return "file"
}
