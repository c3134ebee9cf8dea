package reconciler

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// mostNamed keeps a line of the log short: a cell may have thousands of keys, and the entry names them all.
const mostNamed = 3

// deliveryLine is how the log says what was recorded of a delivery: drift with its keys and who wrote them.
func deliveryLine(e ledger.Entry) (level slog.Level, message string, args []any) {
	args = []any{"target", e.Delivery.Target, "admission", e.Delivery.Admission}
	switch {
	case e.Kind == ledger.Drift:
		args = append(args, "count", len(e.Delivery.Keys), "keys", driftKeys(e.Delivery.Keys))
		if by := driftAuthors(e.Delivery.Keys); by != "" {
			args = append(args, "by", by)
		}
		return slog.LevelWarn, pastTense[e.Kind], args
	case e.Kind == ledger.TargetDown:
		return slog.LevelWarn, pastTense[e.Kind], args
	case e.Delivery.Result == ledger.ResultFailed:
		return slog.LevelWarn, "could not apply", args
	}
	return slog.LevelInfo, pastTense[e.Kind], args
}

// driftKeys names the first keys, each with what was done to it.
func driftKeys(keys []ledger.DriftKey) string {
	var out []string
	for _, k := range keys[:min(len(keys), mostNamed)] {
		out = append(out, k.Key+" "+k.Op)
	}
	if more := len(keys) - mostNamed; more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, ", ")
}

// driftAuthors are those whom the target names, once each. It is their word.
func driftAuthors(keys []ledger.DriftKey) string {
	var out []string
	for _, k := range keys {
		if k.By != "" && !slices.Contains(out, k.By) && len(out) < mostNamed {
			out = append(out, k.By)
		}
	}
	return strings.Join(out, ", ")
}
