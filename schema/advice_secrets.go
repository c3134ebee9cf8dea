package schema

import "slices"

// adviceOnSecrets finds exceptions that leave nothing to judge, one by one or together.
func adviceOnSecrets(stage StageName, g Gate) Diagnostics {
	var out Diagnostics
	for _, p := range g.Leaves() {
		spec, err := p.Secrets()
		if err != nil || p.Position.Line == 0 {
			continue
		}
		var whole Patterns
		for _, e := range spec.Allow {
			if e.Key == "" {
				whole = append(whole, e.Files)
			}
		}
		if whole.coverAll() >= 0 || slices.ContainsFunc(spec.Allow, SecretException.everything) {
			out = append(out, gateAdvice(p.Position, len(p.Name), "secrets-off", args{"stage": string(stage)}))
		}
	}
	return out
}
