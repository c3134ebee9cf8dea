package reconciler

import (
	"cmp"
	"errors"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// fault is one cause of a pass's errors, and in how many places it was met.
type fault struct {
	doing  string // at the first of them
	target string // empty: it is none of a target
	code   string
	reason string
	count  int
}

// tellErrors logs what went wrong in a pass: each cause once while it stays the same, whatever number of passes and cells it
// lasts, and once that it is over.
func (r *Reconciler) tellErrors(err error) {
	now := map[string]bool{}
	var fresh []error
	for _, e := range leaves(err) {
		now[e.Error()] = true
		if !r.faults[e.Error()] {
			fresh = append(fresh, e)
		}
	}
	over := len(r.faults) > 0 && len(now) == 0
	r.faults = now
	for _, f := range faults(fresh) {
		if f.target == "" {
			r.cfg.Log.Error("pass ended with errors", "error", f.reason)
			continue
		}
		r.cfg.Log.Warn("delivery failed", "target", f.target, "code", f.code, "reason", f.reason, "count", f.count, "first", f.doing)
	}
	if over {
		r.cfg.Log.Info("pass ended without errors again")
	}
}

// faults puts together what one target says of many places.
func faults(all []error) []fault {
	var out []fault
	at := map[fault]int{}
	for _, err := range all {
		f := faultOf(err)
		same := f
		same.doing = ""
		i, known := at[same]
		if !known || f.target == "" {
			i = len(out)
			at[same], out = i, append(out, f)
		}
		out[i].count++
	}
	return out
}

func faultOf(err error) fault {
	var at *integrations.Error
	if !errors.As(err, &at) || at.Target == "" {
		return fault{reason: err.Error()}
	}
	said := *at
	said.Target, said.Key = "", ""
	doing := strings.TrimSuffix(strings.TrimSuffix(err.Error(), at.Error()), ": ")
	return fault{doing: cmp.Or(doing, at.Key), target: at.Target, code: string(integrations.Code(at)), reason: said.Error()}
}

// leaves takes joined errors apart. An error that only has more than one cause, in one line, is one.
func leaves(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // the tree is walked here, level by level
	if !ok {
		return []error{err}
	}
	texts := make([]string, 0, len(joined.Unwrap()))
	for _, part := range joined.Unwrap() {
		texts = append(texts, part.Error())
	}
	if strings.Join(texts, "\n") != err.Error() {
		return []error{err}
	}
	var out []error
	for _, part := range joined.Unwrap() {
		out = append(out, leaves(part)...)
	}
	return out
}
