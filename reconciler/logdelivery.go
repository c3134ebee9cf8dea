package reconciler

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
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
		return slog.LevelWarn, pastTense[e.Kind], append(args, refusedArgs(e.Delivery.Refused)...)
	case e.Delivery.Result == ledger.ResultFailed:
		return slog.LevelWarn, "could not apply", append(args, refusedArgs(e.Delivery.Refused)...)
	}
	return slog.LevelInfo, pastTense[e.Kind], args
}

// refusedArgs are what is known of a refusal.
func refusedArgs(r *schema.Refusal) (args []any) {
	if r == nil {
		return nil
	}
	if r.What != "" {
		args = append(args, "what", r.What)
	}
	if r.Size != 0 {
		args = append(args, "size", r.Size)
	}
	if r.Limit != 0 {
		args = append(args, "limit", r.Limit)
	}
	return args
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
