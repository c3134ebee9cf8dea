package status

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

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
