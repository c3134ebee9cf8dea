package status

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// amount is a number with its unit, which stay on one line.
var amount = regexp.MustCompile(`(\d) (s|min|h|d)\b`)

// healthPage says how the reconciler itself does, with the truth about each thing that it depends on.
func healthPage(req asked) (page, int) {
	v := req.view
	p := basePage(req.cfg, v, req.now)
	p.Nav, p.Heading, p.Title = navigation("/health"), "Health", "Health · "+p.Title
	p.Guards = guards(req.cfg, v)
	p.Checks = healthChecks(req, moreCauses(v.Problems))
	p.Facts = healthFacts(req.cfg, v)
	return p, http.StatusOK
}

// healthChecks are the checks, each followed by what it fails for; of what was not found out the caller knows how much is told.
func healthChecks(req asked, notFound []checkLine) (checks []checkLine) {
	v := req.view
	line := func(name string, ok bool, text string) {
		l := checkLine{Line: Line{Mark: OK, Policy: name, Text: amount.ReplaceAllString(text, "$1\u00a0$2")}, Tone: good}
		if !ok {
			l.Mark, l.Tone = No, bad
		}
		checks = append(checks, l)
	}
	stale := v.Stale(req.now)
	read := "last read " + when(v.Looked, asOf(v))
	if v.Looked.IsZero() {
		read = "not read yet"
	}
	line("git", !stale, read)
	if v.Alone != nil {
		checks = append(checks, checkLine{Line: Line{Mark: Wait, Policy: "reconciler", Text: amount.ReplaceAllString(heardText(v), "$1\u00a0$2")}, Tone: wait})
	} else {
		amiss, compared := badTargets(v), "not compared yet"
		if !v.Compared.IsZero() {
			compared = "last compared " + when(v.Compared, asOf(v))
		}
		line("targets", !v.Compared.IsZero() && len(amiss) == 0, compared)
		for _, b := range amiss {
			info, known := schema.Explain(b.Code)
			text := b.text(asOf(v))
			if !known {
				text += " [" + safe(string(b.Code)) + "]"
			}
			checks = append(checks, checkLine{Line: Line{Mark: No, Depth: 1, Text: text, Code: info.Code}, Tone: bad, Advice: advice(info.Fix, req.cfg.Commands)})
		}
	}
	line("questions", len(v.Problems) == 0, fmt.Sprintf("%d could not be answered in the last pass", len(v.Problems)))
	checks = append(checks, notFound...)
	for _, code := range v.ProblemCodes {
		if info, ok := schema.Explain(code); ok {
			checks = append(checks, checkLine{Line: Line{Mark: No, Depth: 1, Text: info.Title, Code: code}, Tone: bad, Advice: advice(info.Fix, req.cfg.Commands)})
		}
	}
	past := notRead(v)
	read = fmt.Sprintf("%d entries, the last %s", v.Ledger.Size, when(v.Ledger.At, asOf(v)))
	if v.Ledger.Size == 0 {
		read = "none was read yet"
	}
	if past != "" {
		read += ". " + past
	}
	if v.Narrowed {
		read = "there is no entry that you may see. " + past
		if !v.Ledger.At.IsZero() {
			read = "the last entry that you may see is " + when(v.Ledger.At, asOf(v)) + ". " + past
		}
	}
	line("ledger", doubtText(v) == "" && v.Journal != nil && v.Journal.Read == v.Ledger.Size, strings.TrimSpace(read))
	if req.cfg.Reload != nil {
		ok, at := req.cfg.Reload()
		if text := "the operator's file is in force since " + when(at, asOf(v)); ok {
			line("config", true, text)
		} else {
			checks = append(checks, checkLine{Line: Line{Mark: Wait, Policy: "config", Text: "the operator's file was read again and not taken over, the log says why; what is in force is of " + when(at, asOf(v))}, Tone: wait})
		}
	}
	return checks
}

// heardText says what the ledger alone tells of whether somebody works on it.
func heardText(v schema.View) string {
	text := "not known whether one runs: the ledger is written when something happens, and its last entry is of " + when(v.Ledger.At, asOf(v))
	if !v.Alone.Waits.IsZero() {
		text += "; Git holds what no reconciler has judged, seen first " + when(v.Alone.Waits, asOf(v))
	}
	return text
}

func healthFacts(cfg Config, v schema.View) [][2]string {
	out := [][2]string{{"repository", safe(title(v))}}
	if !v.Ledger.Tip.IsZero() { // who sees a part is not told it
		out = append(out, [2]string{"ledger commit", v.Ledger.Tip.String()})
		if v.Ledger.Ref != "" {
			out = append(out, [2]string{"ledger read from", safe(v.Ledger.Ref)})
		}
	}
	out = append(out, [2]string{"version", safe(cfg.Version)})
	if p := v.Pulse; p != nil {
		works := "this process works"
		if !p.Leads {
			works = "another process works, this one looks on"
		}
		out = append(out, [2]string{"lease", works}, [2]string{"passes", fmt.Sprintf("%d since the start, %d with errors", p.Passes, p.Failed)},
			[2]string{"last pass", "took " + p.Took.Round(time.Millisecond).String()}, [2]string{"interval", p.Every.String()})
		if p.Trace != "" {
			out = append(out, [2]string{"trace of the last pass", safe(p.Trace)})
		}
	}
	return out
}
