package policies

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Breaker asks a person to confirm a change of critical values, and any change while going back does not work (RULES R43).
type Breaker struct{ schema.BreakerSpec }

// Evaluate says its arithmetic whatever it answers. It compares values, not text; facts that are missing hold, and no rollback
// is neither success nor failure.
func (b Breaker) Evaluate(f Facts) schema.Verdict {
	const policy = "breaker"
	if b.Confirm.Observed+b.Confirm.Signed == 0 || b.Success == 0 || b.Window == 0 || b.Restore == 0 {
		return answer(policy, schema.Deny, "nothing-judged")
	}
	if missing := unread(f); missing != "" {
		return answer(policy, schema.Hold, "evidence-missing", "what", missing)
	}
	switch {
	case f.Rollbacks == nil, f.Now.IsZero():
		return answer(policy, schema.Hold, "evidence-missing", "what", "the app's rollbacks")
	case f.ClockSkew != 0:
		return answer(policy, schema.Hold, "clock", "skew", duration(coarse(f.ClockSkew)))
	}
	found := b.look(f)
	return found.verdict(b, f)
}

// arithmetic is what the breaker counted.
type arithmetic struct {
	changed  []place // critical values that are not what they were
	critical int     // critical values on either side
	rate     rate
	recovers time.Time // zero unless it tripped
}

func (b Breaker) look(f Facts) arithmetic {
	a := arithmetic{rate: b.rateAt(f.Now, f.Rollbacks.Of)}
	a.changed, a.critical = b.criticalValues(f)
	if a.rate.below(b.Success) {
		a.recovers = b.recovers(f.Rollbacks.Of)
	}
	return a
}

// risk is the score in tenths, rounded once, half up: whole numbers, so that it is the same on every machine. No rollback counts like ones
// that did not restore.
func (a arithmetic) risk(weight int) int {
	changed, critical := len(a.changed), a.critical
	if critical == 0 {
		changed, critical = 0, 1
	}
	failed, rollbacks := a.rate.rollbacks-a.rate.restored, a.rate.rollbacks
	if rollbacks == 0 {
		failed, rollbacks = 1, 1
	}
	parts, whole := 10*(weight*changed*rollbacks+(100-weight)*failed*critical), critical*rollbacks
	return (2*parts + whole) / (2 * whole)
}

// args are the numbers as a person checks them.
func (a arithmetic) args(b Breaker) map[string]string {
	risk := a.risk(b.Weight)
	return map[string]string{
		"fields": number(len(a.changed)) + " of " + number(a.critical), "restored": number(a.rate.restored), "rollbacks": number(a.rate.rollbacks),
		"rate": a.rate.percent(), "threshold": number(b.Success), "window": duration(b.Window),
		"risk": number(risk/10) + "." + number(risk%10), "weight": number(b.Weight),
	}
}

func (a arithmetic) verdict(b Breaker, f Facts) schema.Verdict {
	const policy = "breaker"
	var parts []schema.Verdict
	for _, t := range a.changed[:min(len(a.changed), named)] {
		parts = append(parts, answer(policy, schema.Hold, "critical-field", "path", t.file, "at", t.pointer))
	}
	if !a.recovers.IsZero() && b.Trip == schema.TripConfirm {
		parts = append(parts, a.tripped(b))
	}
	if b.Risk > 0 && a.risk(b.Weight) >= b.Risk*10 {
		high := answer(policy, schema.Hold, "risk-high", "limit", number(b.Risk))
		for name, value := range a.args(b) {
			high.Args[name] = value
		}
		parts = append(parts, high)
	}
	if len(parts) > 0 {
		asked := Critical{schema.CriticalSpec{Confirm: b.Confirm}}.asked().Evaluate(f)
		if asked.Outcome == schema.Allow {
			parts = nil
		}
		parts = append(parts, asked)
	}
	if !a.recovers.IsZero() && b.Trip != schema.TripConfirm {
		parts = append(parts, a.tripped(b))
	}
	v := allow(policy)
	if len(parts) > 0 {
		v = schema.All(policy, parts...)
	}
	v.Args = a.args(b)
	return v
}

// tripped holds until the breaker recovers. Where a confirmation opens it as well, time is not the only way.
func (a arithmetic) tripped(b Breaker) schema.Verdict {
	v := answer("breaker", schema.Hold, "breaker-tripped", "until", a.recovers.Format(time.RFC3339))
	for name, value := range a.args(b) {
		v.Args[name] = value
	}
	if b.Trip != schema.TripConfirm {
		at := a.recovers
		v.Earliest = &at
	}
	return v
}
