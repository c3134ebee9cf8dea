package status

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// step is one thing that happened to a change.
type step struct {
	Name, Text, Href string
	MergeRequest     link
	Tone             tone
	At               stampView
}

// recordPage shows one entry: what it says, what of it was checked here, and how to check the rest.
func recordPage(req asked) (page, int) {
	seq := entryNumber(req.path("seq"))
	r, ok := req.view.Journal.Record(seq)
	if !ok {
		text := "There is no such entry."
		if seq > 0 && seq <= req.view.Ledger.Size && !req.view.Narrowed {
			text = fmt.Sprintf("Entry #%d is not kept here. At the terminal: sluice audit show %d", seq, seq)
		}
		return missingPage(req.cfg, req.view, text, req.now), http.StatusNotFound
	}
	p := basePage(req.cfg, req.view, req.now)
	p.Nav, p.Still, p.Refresh, p.Alarms = navigation("/audit"), true, 0, warnings(req.cfg, req.view, req.now)
	p.Heading = fmt.Sprintf("Entry #%d: %s", r.Seq, safe(r.Kind))
	p.Title = p.Heading + " · " + p.Title
	view := recordOf(req.view, r)
	view.Parts, view.Facts, view.Steps = badgeParts(req.view, r), recordFacts(r), steps(req.view, r)
	view.Commands = []string{fmt.Sprintf("sluice audit show %d", r.Seq), "sluice audit verify --anchor DIGEST"}
	view.Before, view.After = beside(req.view, r.Seq)
	if req.cfg.Content != nil {
		view.Compare = changedBy(req.view, r)
	}
	p.Record = &view
	return p, http.StatusOK
}

// changedBy is the address of a comparison of what an entry admitted with what the cell had before.
func changedBy(v schema.View, r schema.Record) string {
	q := diffQuery{app: r.App, from: string(r.Stage), to: fmt.Sprintf("%s@#%d", r.Stage, r.Seq)}
	if r.App == "" || r.Commit.IsZero() || r.Result != schema.Passed {
		return ""
	}
	for _, former := range slices.Backward(v.Journal.Records) {
		if former.Seq < r.Seq && former.App == r.App && former.Stage == r.Stage && former.Result == schema.Passed && !former.Commit.IsZero() {
			q.from = fmt.Sprintf("%s@#%d", r.Stage, former.Seq)
			return q.link()
		}
	}
	return ""
}

// beside are the addresses of the entries before and after one: those that are shown.
func beside(v schema.View, seq int64) (before, after string) {
	records := v.Journal.Records
	i, _ := slices.BinarySearchFunc(records, seq, func(r schema.Record, seq int64) int { return cmp.Compare(r.Seq, seq) })
	switch {
	case i > 0:
		before = fmt.Sprintf("/audit/%d", records[i-1].Seq)
	case seq > 1 && !v.Narrowed:
		before = fmt.Sprintf("/audit/%d", seq-1) // which says that it is not kept
	}
	if i+1 < len(records) {
		after = fmt.Sprintf("/audit/%d", records[i+1].Seq)
	}
	return before, after
}

// badgeParts say of an entry what this page has checked and what it only repeats: nothing that was not checked has a tick.
func badgeParts(v schema.View, r schema.Record) []checkLine {
	part := func(name, text string, ok bool) checkLine {
		if ok {
			return checkLine{Line: Line{Mark: OK, Policy: name, Text: text}, Tone: good}
		}
		return checkLine{Line: Line{Mark: No, Policy: name, Text: text}, Tone: bad}
	}
	told := func(name, text string) checkLine {
		return checkLine{Line: Line{Mark: "not checked here", Policy: name, Text: text}, Tone: quiet}
	}
	out := []checkLine{part("entry", "its bytes are "+safe(string(r.Digest)), r.Digest != "")}
	switch {
	case r.Linked:
		out = append(out, part("chain", "it names the entry before it by the digest of what was read", true))
	case v.Journal.Records[0].Seq == r.Seq:
		out = append(out, told("chain", "the entry before it is not kept here"))
	default:
		out = append(out, part("chain", "it does not name the entry before it: sluice audit verify says where the chain breaks", false))
	}
	signed := fmt.Sprintf("the log key signed the commit and the checkpoint of all %d entries", v.Ledger.Size)
	if v.Narrowed {
		signed = "the log key signed the commit and the checkpoint that it is under"
	}
	wrong := doubtText(v)
	if wrong != "" {
		signed = "in doubt: " + wrong
	}
	out = append(out, part("ledger", signed, wrong == "" && v.Ledger.Size >= r.Seq))
	if len(r.Signers) > 0 {
		out = append(out, told("signatures", "recorded as signed by "+people(r.Signers)))
	}
	if len(r.Approvers) > 0 {
		out = append(out, told("approvals", "recorded as given by "+people(r.Approvers)))
	}
	return append(out, told("proof", "every decision made again from the evidence: the second command below, in a clone, with the anchor that the project's admins tell (it may stand in SLUICE_ANCHOR instead)"))
}

func recordFacts(r schema.Record) [][2]string {
	var out [][2]string
	add := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{name, safe(value)})
		}
	}
	add("time", r.At.UTC().Format(time.RFC3339))
	add("code", string(r.Code))
	add("from revision", string(r.Was))
	add("revision", string(r.Becomes))
	add("ref", r.Ref)
	add("commit", hashOrEmpty(r.Commit))
	add("written by", strings.Join(r.Authors, ", "))
	add("approved by", strings.Join(r.Approvers, ", "))
	add("brought in by", r.Operator)
	add("signed by", strings.Join(signersOf(r), ", "))
	add("reason", r.Reason)
	for i, said := range r.Says {
		if i > 0 && r.Says[i-1].Name == said.Name {
			said.Name = ""
		}
		out = append(out, [2]string{said.Name, safe(said.Text)})
	}
	add("target", r.Target)
	add("digest", string(r.Digest))
	add("entry before", string(r.Prev))
	return out
}

// sameChange reports whether two decisions are about the same: what was held once may be let in later.
func sameChange(a, b schema.Record) bool {
	return a.Change == b.Change && a.Becomes == b.Becomes && a.MergeRequest == b.MergeRequest
}

// steps are what happened to an admitted change, in order: proposed, decided, written, replaced.
func steps(v schema.View, r schema.Record) []step {
	if r.Result == "" || r.App == "" || r.Target != "" {
		return nil
	}
	now := asOf(v)
	var out []step
	if !r.Opened.IsZero() {
		out = append(out, step{Name: "proposed", MergeRequest: requestOf(v, r.MergeRequest), Text: peopleOf(schema.Record{Authors: r.Authors, Signers: r.Signers}), Tone: good, At: stamped(r.Opened, now)})
	}
	view := recordOf(v, r)
	text := peopleOf(schema.Record{Approvers: r.Approvers})
	if len(view.Missing) > 0 {
		text = "missing: " + strings.Join(view.Missing, ", ")
	}
	out = append(out, step{Name: safe(r.Result), Text: text, Tone: view.Tone, At: stamped(r.At, now)})
	for _, later := range v.Journal.Records {
		if later.Seq <= r.Seq || later.App != r.App || later.Stage != r.Stage {
			continue
		}
		view := recordOf(v, later)
		switch {
		case later.Admission == r.Seq:
			out = append(out, step{Name: safe(later.Kind), Text: view.Text, Tone: view.Tone, At: view.At, Href: view.Href})
		case later.Result == schema.Passed && r.Result != schema.Passed && sameChange(r, later):
			return append(out, step{Name: "let in", Text: view.Text, Tone: good, At: view.At, Href: view.Href})
		case later.Result == schema.Passed:
			return append(out, step{Name: "replaced", Text: view.Text, Tone: quiet, At: view.At, Href: view.Href})
		}
		if len(out) > 50 {
			break
		}
	}
	return out
}
