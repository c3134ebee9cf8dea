package schema

import "slices"

// adviceOnEdges finds ways into a stage that its gate never lets through: it asks for time, or instances, in one of several stages before.
func (p Project) adviceOnEdges(s Stage) Diagnostics {
	var out Diagnostics
	for _, spec := range slices.Concat(s.Gates.Promote, s.Gates.Retire) {
		for _, only := range onlyFrom(spec) {
			in, _ := only.stageBefore()
			for _, from := range p.before(s.Name) {
				if from != in && only.Position.Line > 0 {
					out = append(out, gateAdvice(only.Position, len(only.Name), "edge-never-passes",
						args{"stage": string(s.Name), "from": string(from), "policy": only.Name, "in": string(in)}))
				}
			}
		}
	}
	return out
}

// onlyFrom are the policies that only what comes from one stage passes. Those of a choice are not among them while another way may be
// open, nor those of a when, which are asked of some changes alone.
func onlyFrom(p PolicySpec) []PolicySpec {
	if spec, err := p.Composed(); err == nil {
		if spec.Need < len(spec.Of) {
			return nil
		}
		var out []PolicySpec
		for _, part := range placed(spec.Of, p.Position) {
			out = append(out, onlyFrom(part)...)
		}
		return out
	}
	if in, ok := p.stageBefore(); ok && in != "" {
		return []PolicySpec{p}
	}
	return nil
}
