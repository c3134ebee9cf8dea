package status

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// gateView is one step of the lifecycle with what it asks for.
type gateView struct {
	From, Event, To string
	Policies        []policyView
	Blocked         string // how many changes it held or refused lately
}

type policyView struct{ Name, Value, Line string }

// policiesPage shows which gate applies to which step.
func policiesPage(req asked) (page, int) {
	v := req.view
	p := basePage(req.cfg, v, req.now)
	p.Nav, p.Heading, p.Title, p.Alarms, p.Still, p.Refresh = navigation("/policies"), "Policies", "Policies · "+p.Title, warnings(req.cfg, v, req.now), true, 0
	p.Text = "Always and everywhere: " + strings.Join(schema.FixedPolicies, ", ") + ". A gate only adds to that."
	blocked := map[[2]schema.StageName]heatCell{}
	if v.Journal != nil {
		blocked, _ = countTransitions(v, windows["30d"], "")
	}
	for _, s := range v.Steps {
		g := gateView{From: safe(string(s.From)), Event: safe(s.Event), To: safe(string(s.To))}
		if n := blocked[[2]schema.StageName{s.From, s.To}].Refused; n > 0 && s.Event != "rollback" {
			g.Blocked = "held or refused " + counted(n, "change") + " in 30 d"
		}
		for _, spec := range s.Policies {
			g.Policies = append(g.Policies, policyOf(spec))
		}
		p.Gates = append(p.Gates, g)
	}
	return p, http.StatusOK
}

func policyOf(spec schema.PolicySpec) policyView {
	out := policyView{Name: safe(spec.Name)}
	if spec.Value == nil {
		return out // who sees a part is not told what it is set to
	}
	if value, err := json.Marshal(spec.Value); err == nil {
		out.Value = safe(string(value))
	}
	if spec.Position.Line > 0 {
		out.Line = fmt.Sprintf("%s:%d", schema.ProjectFile, spec.Position.Line)
	}
	return out
}

// amount is a number with its unit, which stay on one line.
var amount = regexp.MustCompile(`(\d) (s|min|h|d)\b`)

// healthPage says how the reconciler itself does, with the truth about each thing that it depends on.
func healthPage(req asked) (page, int) {
	v := req.view
	p := basePage(req.cfg, v, req.now)
	p.Nav, p.Heading, p.Title = navigation("/health"), "Health", "Health · "+p.Title
	p.Guards = guards(req.cfg, v)
	line := func(name string, ok bool, text string) {
		l := checkLine{Line: Line{Mark: OK, Policy: name, Text: amount.ReplaceAllString(text, "$1\u00a0$2")}, Tone: good}
		if !ok {
			l.Mark, l.Tone = No, bad
		}
		p.Checks = append(p.Checks, l)
	}
	stale := v.Stale(req.now)
	read := "last read " + when(v.Looked, asOf(v))
	if v.Looked.IsZero() {
		read = "not read yet"
	}
	line("git", !stale, read)
	if v.Alone != nil {
		p.Checks = append(p.Checks, checkLine{Line: Line{Mark: Wait, Policy: "reconciler", Text: amount.ReplaceAllString(heardText(v), "$1\u00a0$2")}, Tone: wait})
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
			p.Checks = append(p.Checks, checkLine{Line: Line{Mark: No, Depth: 1, Text: text, Code: info.Code}, Tone: bad, Advice: advice(info.Fix, req.cfg.Commands)})
		}
	}
	line("questions", len(v.Problems) == 0, fmt.Sprintf("%d could not be answered in the last pass", len(v.Problems)))
	p.Checks = append(p.Checks, moreCauses(v.Problems)...)
	for _, code := range v.ProblemCodes {
		if info, ok := schema.Explain(code); ok {
			p.Checks = append(p.Checks, checkLine{Line: Line{Mark: No, Depth: 1, Text: info.Title, Code: code}, Tone: bad, Advice: advice(info.Fix, req.cfg.Commands)})
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
			p.Checks = append(p.Checks, checkLine{Line: Line{Mark: Wait, Policy: "config", Text: "the operator's file was read again and not taken over, the log says why; what is in force is of " + when(at, asOf(v))}, Tone: wait})
		}
	}
	p.Facts = healthFacts(req.cfg, v)
	return p, http.StatusOK
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

// codeView is what the registry knows of a code.
type codeView struct{ Code, Title, Cause, Fix, Example string }

// errorPage explains a code, also where nobody has a terminal.
func errorPage(req asked) (page, int) {
	code := schema.Code(req.path("code"))
	info, ok := schema.Explain(code)
	if !ok {
		var names []string
		for _, c := range schema.Codes() {
			names = append(names, string(c))
		}
		return missingPage(req.cfg, req.view, "There is no such code."+orNearest(string(code), names), req.now), http.StatusNotFound
	}
	p := basePage(req.cfg, req.view, req.now)
	p.Heading, p.Title, p.Alarms, p.Still, p.Refresh = info.Title, string(info.Code)+" · "+p.Title, warnings(req.cfg, req.view, req.now), true, 0
	p.Code = &codeView{Code: string(info.Code), Title: info.Title, Cause: info.Cause, Fix: advice(info.Fix, req.cfg.Commands), Example: info.Example}
	return p, http.StatusOK
}
