package status

import (
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// checkJSON is a check of /health. One that waits is not known to be well and not known to be ill.
type checkJSON struct {
	Name    string       `json:"name"`
	Result  string       `json:"result"` // ok, waits or fails
	Text    string       `json:"text"`
	Because []reasonJSON `json:"because,omitempty"`
}

// reasonJSON is one of the things that a check fails for.
type reasonJSON struct {
	Code schema.Code `json:"code,omitempty"`
	Text string      `json:"text"`
	Fix  string      `json:"fix,omitempty"`
}

func healthJSON(req asked) (any, *problem) {
	checks := []checkJSON{}
	for _, l := range healthChecks(req, allCauses(req.view.Problems)) {
		text := strings.ReplaceAll(l.Text, "\u00a0", " ") // they keep an amount on one line of the page
		if l.Depth > 0 {
			of := &checks[len(checks)-1]
			of.Because = append(of.Because, reasonJSON{l.Code, text, l.Advice})
			continue
		}
		checks = append(checks, checkJSON{Name: l.Policy, Result: resultOf(l.Mark), Text: text})
	}
	return struct {
		apiHead
		Checks []checkJSON `json:"checks"`
	}{req.head(), checks}, nil
}

func resultOf(m Mark) string {
	switch m {
	case OK:
		return "ok"
	case Wait:
		return "waits"
	}
	return "fails"
}
