package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// What says of everything else on a page that it may not be so: that it is old, and that the ledger it is made from is in doubt. It
// stands on every page, also on those that are of no moment.

// warnings are the bars of every page.
func warnings(cfg Config, v schema.View, now time.Time) []alarm {
	var out []alarm
	if bar := staleBar(v, now); bar != "" {
		out = append(out, alarm{Tone: wait, Text: bar})
	}
	if bar := aloneText(v, now); bar != "" {
		out = append(out, alarm{Tone: quiet, Text: bar})
	}
	if codes := doubt(v); len(codes) > 0 {
		text := "The ledger is in doubt, and with it what follows."
		if v.Ledger.Size > 0 && !v.Narrowed {
			text = fmt.Sprintf("The ledger is in doubt, and with it what follows, which is as of entry #%d.", v.Ledger.Size)
		}
		bar := alarm{Tone: bad, Text: text}
		for _, code := range codes {
			info, _ := schema.Explain(code)
			bar.Lines = append(bar.Lines, checkLine{Line: Line{Mark: No, Policy: "ledger", Text: info.Title, Code: code}, Tone: bad, Advice: advice(info.Fix, cfg.Commands)})
		}
		out = append(out, bar)
	}
	return out
}

// doubt lists what speaks against the ledger; nothing where nothing does.
func doubt(v schema.View) []schema.Code {
	var out []schema.Code
	for _, code := range v.ProblemCodes {
		if code.OfLedger() {
			out = append(out, code)
		}
	}
	return out
}

// doubtText names what speaks against the ledger; empty where nothing does.
func doubtText(v schema.View) string {
	var out []string
	for _, code := range doubt(v) {
		info, _ := schema.Explain(code)
		out = append(out, strings.TrimSpace(info.Title+" ["+string(code)+"]"))
	}
	return strings.Join(slices.Compact(out), ", ")
}
