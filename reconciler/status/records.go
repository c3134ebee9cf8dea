package status

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// recordView is a ledger entry as the page shows it.
type recordView struct {
	Seq              int64
	Href             string
	Kind, Text       string
	Where, WhereLink string
	At               stampView
	People           string
	Result, Symbol   string
	Tone             tone
	MergeRequest     link
	Missing          []string
	Code             string      // why, where no decision says it
	Parts            []checkLine // of the badge: what was checked, and what was not
	Steps            []step
	Facts            [][2]string
	Commands         []string
	Before, After    string // addresses of the entries beside it
	Compare          string // address of what it changed
}

// notRead says how much of the past is known, where it is not all.
func notRead(v schema.View) string {
	switch {
	case v.Journal == nil:
		return "The past is not read yet."
	case v.Journal.Read < v.Ledger.Size:
		return fmt.Sprintf("The ledger is still being read: %d of %d entries.", v.Journal.Read, v.Ledger.Size)
	case firstKept(v) > 1:
		return fmt.Sprintf("Entries before #%d are not kept here; sluice audit show has them.", firstKept(v))
	}
	return ""
}

// firstKept is the first entry that is kept, and all after it are; 0 where there is none, or which there are is not told.
func firstKept(v schema.View) int64 {
	if v.Narrowed || v.Journal == nil || len(v.Journal.Records) == 0 {
		return 0
	}
	return v.Journal.Records[0].Seq
}

// lastRecords are the newest entries of a kind.
func lastRecords(req asked, want func(schema.Record) bool, most int) []recordView {
	var out []recordView
	if req.view.Journal == nil {
		return nil
	}
	for _, r := range slices.Backward(req.view.Journal.Records) {
		if len(out) == most {
			break
		}
		if want(r) {
			out = append(out, recordOf(req.view, r))
		}
	}
	return out
}

func recordOf(v schema.View, r schema.Record) recordView {
	now, code := asOf(v), schema.Code("")
	if _, known := schema.Explain(r.Code); known {
		code, r.Code = r.Code, ""
	}
	out := recordView{
		Seq: r.Seq, Href: fmt.Sprintf("/audit/%d", r.Seq), Kind: brief(r.Kind), Text: recordText(r), At: stamped(r.At, now), People: peopleOf(r),
		Result: brief(r.Result), MergeRequest: requestOf(v, r.MergeRequest),
	}
	if r.App != "" {
		out.Where, out.WhereLink = brief(string(r.App))+" in "+brief(string(r.Stage)), cellLink(schema.Cell{Stage: r.Stage, App: r.App})
	}
	switch r.Result {
	case schema.Passed, "ok":
		out.Tone, out.Symbol = good, "✓"
	case schema.Waiting:
		out.Tone, out.Symbol = wait, "■"
	case schema.Barred, "failed":
		out.Tone, out.Symbol = bad, "✗"
	}
	out.Code = brief(string(code))
	for _, code := range r.Missing {
		out.Missing = append(out.Missing, brief(string(code)))
	}
	return out
}

// recordText says what an entry records, in a few words.
func recordText(r schema.Record) string {
	text, said := whatHappened(r), map[string][]string{}
	for _, s := range r.Says {
		said[s.Name] = append(said[s.Name], brief(s.Text))
	}
	add := func(between string, more ...string) {
		text = strings.TrimPrefix(text+between+strings.Join(more, ", "), between)
	}
	for _, part := range []string{"moved", "keys", "goes to", "kept", "kept until", "until"} {
		switch found := said[part]; {
		case len(found) == 0:
		case part == "moved":
			add(" ", found...)
		case part == "keys" && len(found) > 2:
			add(": ", found[0], "and more")
		case part == "keys":
			add(": ", found...)
		default:
			add(", ", part+" "+found[0])
		}
	}
	if (r.Kind == "suspend" || r.Kind == "resume") && r.Reason != "" {
		add(": ", brief(r.Reason))
	}
	return text
}

func whatHappened(r schema.Record) string {
	revision := ""
	if r.Becomes != "" && r.Becomes != schema.None {
		revision = " " + name(r.Becomes)
	}
	switch {
	case r.Removes():
		return "removal from " + brief(string(r.Stage))
	case r.App == "" && r.Stage == "" && r.Change != "":
		return strings.TrimSpace("control files" + revision + " " + brief(string(r.Code)))
	case r.From != "" && r.From != r.To:
		return fmt.Sprintf("%s%s: %s → %s", brief(string(r.Change)), revision, brief(string(r.From)), brief(string(r.To)))
	case r.Result != "" && r.Target != "":
		return fmt.Sprintf("wrote entry #%d to %s: %s", r.Admission, brief(r.Target), brief(r.Result))
	case r.Target != "":
		return fmt.Sprintf("%s differs from entry #%d", brief(r.Target), r.Admission)
	case r.Ref != "" && r.App == "":
		return strings.TrimSpace(brief(r.Ref) + " " + brief(string(r.Code)))
	}
	return strings.TrimSpace(brief(string(r.Change)) + revision + " " + brief(string(r.Code)))
}

// peopleOf names who is answerable for an entry.
func peopleOf(r schema.Record) string {
	var parts []string
	add := func(word string, names []string) {
		if len(names) > 0 {
			parts = append(parts, word+brief(strings.Join(names, ", ")))
		}
	}
	signers := signersOf(r)
	switch {
	case len(signers) == 0 || sameNames(signers, r.Authors):
		add("by ", r.Authors)
	case len(r.Authors) > 0 && len(r.Signers) > 0: // as with a rollback: who brings it in is not who wrote what comes in
		add("signed by ", signers)
		add("content by ", r.Authors)
	default:
		add("by ", r.Authors)
		add("signed by ", signers)
	}
	add("approved by ", r.Approvers)
	return strings.Join(parts, ", ")
}

// signersOf are whose signatures an entry rests on: of its commits, and of the order that it carries out.
func signersOf(r schema.Record) []string {
	out := slices.Clone(r.Signers)
	for _, name := range r.By {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// sameNames reports whether two lists name the same people, in any order.
func sameNames(a, b []string) bool {
	return !slices.ContainsFunc(a, func(name string) bool { return !slices.Contains(b, name) }) &&
		!slices.ContainsFunc(b, func(name string) bool { return !slices.Contains(a, name) })
}

// brief is how text written by others stands in a list.
func brief(text string) string { return clip(safe(text), 80) }
