package policies

import "github.com/sluice-gitops/sluice/schema"

// Provenance asks that the promoted files come from where they may: written in the first stage, admitted and live in a
// stage before, or admitted here before. Everything else is an override and denied.
type Provenance struct{}

// Evaluate denies overrides with the code of why they are one, and holds a promotion while its source cannot be verified.
func (Provenance) Evaluate(f Facts) schema.Verdict {
	const policy = "provenance"
	c := f.Change
	switch c.Kind {
	case schema.Tune:
		if c.Code != "" {
			return answer(policy, schema.Hold, c.Code, "app", string(f.Cell.App), "stage", string(f.Cell.Stage))
		}
		return schema.Verdict{Policy: policy, Outcome: schema.Allow, Args: map[string]string{"kind": string(c.Kind)}}
	case schema.Edit, schema.Rollback:
		if c.Code != "" {
			return answer(policy, schema.Deny, c.Code, "revision", c.To.Revision.String(), "stage", string(f.Cell.Stage))
		}
		return schema.Verdict{Policy: policy, Outcome: schema.Allow, Args: map[string]string{"kind": string(c.Kind)}}
	case schema.Promote, schema.Retire:
		return promoted(policy, f)
	}
	code := c.Code
	if code == "" {
		code = "override"
	}
	if code == "override" && len(f.Unproven) > 0 {
		return unproven(policy, f)
	}
	if code == schema.LocalAlone {
		return answer(policy, schema.Deny, code, "app", string(f.Cell.App), "stage", string(f.Cell.Stage))
	}
	args := []string{"revision", c.To.Revision.String(), "stage", string(f.Cell.Stage)}
	if code == "no-edge" && c.Source != nil {
		args = append(args, "from", string(c.Source.Stage), "since", number64(f.Unlinked))
	}
	return answer(policy, schema.Deny, code, args...)
}

// unproven has a part for each file that was not live in a stage before, up to a few.
func unproven(policy string, f Facts) schema.Verdict {
	const shown = 5
	var parts []schema.Verdict
	for _, file := range f.Unproven[:min(len(f.Unproven), shown)] {
		v := answer(policy, schema.Deny, "override-file", "path", file.Path, "stage", string(f.Cell.Stage))
		if file.Code != "override" {
			v.Args["why"] = string(file.Code)
		}
		parts = append(parts, v)
	}
	if more := len(f.Unproven) - shown; more > 0 {
		parts[shown-1].Args["more"] = number(more)
	}
	return schema.All(policy, parts...)
}

func promoted(policy string, f Facts) schema.Verdict {
	src := f.Change.Source
	if f.Change.LeavesAlone() {
		return leavesAlone(policy, f)
	}
	if src == nil {
		return answer(policy, schema.Deny, "override", "revision", f.Change.To.Revision.String(), "stage", string(f.Cell.Stage))
	}
	args := []string{"kind", string(f.Change.Kind), "from", string(src.Stage), "entry", number64(src.Seq)}
	if n := len(f.Change.Files); n > 0 {
		args = append(args, "files", number(n))
	}
	if src.LetIn != "" {
		return answer(policy, schema.Deny, "unenforced", append(args, "mode", string(src.LetIn))...)
	}
	if src.Observed {
		return answer(policy, schema.Hold, "observed-only", args...)
	}
	if src.Down {
		return answer(policy, schema.Hold, "target-down", args...)
	}
	return answer(policy, schema.Allow, "", args...)
}

// leavesAlone lets an app go that no stage before has, once the record says that it shall: nothing else says so anywhere before.
func leavesAlone(policy string, f Facts) schema.Verdict {
	if !f.Retirement {
		return answer(policy, schema.Hold, schema.NothingBefore, "app", string(f.Cell.App), "stage", string(f.Cell.Stage))
	}
	return answer(policy, schema.Allow, "", "kind", string(f.Change.Kind))
}

// RetirementRecord asks for the record that says why an app leaves production and how long its history is kept.
type RetirementRecord struct{}

// Evaluate holds until the record is in force.
func (RetirementRecord) Evaluate(f Facts) schema.Verdict {
	if f.Retirement {
		return allow("retirement")
	}
	return answer("retirement", schema.Hold, "retirement-record", "app", string(f.Cell.App))
}
