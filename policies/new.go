package policies

import (
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// New makes the policy that a gate names. What it refuses here was refused with its position when the project file was read;
// a gate that reaches this point in another way is refused as well.
func New(spec schema.PolicySpec) (Policy, error) {
	switch spec.Name {
	case "approvals":
		s, err := spec.Approvals()
		if err != nil {
			return nil, fmt.Errorf("policy approvals: %w", err)
		}
		return askedBy(s), nil
	case "soak":
		s, err := spec.Soak()
		if err != nil {
			return nil, fmt.Errorf("policy soak: %w", err)
		}
		return Soak{For: s.For, In: s.In, Reset: s.Reset}, nil
	case "schema":
		s, err := spec.Schema()
		if err != nil {
			return nil, fmt.Errorf("policy schema: %w", err)
		}
		return Schema{Rules: slices.Clone(s.Rules), made: &compiledSchemas{}}, nil
	case "limits":
		s, err := spec.Limits()
		if err != nil {
			return nil, fmt.Errorf("policy limits: %w", err)
		}
		return Limits{s}, nil
	case "secrets":
		s, err := spec.Secrets()
		if err != nil {
			return nil, fmt.Errorf("policy secrets: %w", err)
		}
		return Secrets{s}, nil
	case "duties":
		s, err := spec.Duties()
		if err != nil {
			return nil, fmt.Errorf("policy duties: %w", err)
		}
		return Duties{s}, nil
	case "guardrails":
		s, err := spec.Guardrails()
		if err != nil {
			return nil, fmt.Errorf("policy guardrails: %w", err)
		}
		return Guardrails{s}, nil
	case "health":
		s, err := spec.Health()
		if err != nil {
			return nil, fmt.Errorf("policy health: %w", err)
		}
		return Health{s}, nil
	case "pipeline":
		s, err := spec.Pipeline()
		if err != nil {
			return nil, fmt.Errorf("policy pipeline: %w", err)
		}
		return Pipeline{s}, nil
	case "expression":
		s, err := spec.Expression()
		if err != nil {
			return nil, fmt.Errorf("policy expression: %w", err)
		}
		return newExpression(s)
	case "freeze", "window":
		return calendar(spec)
	case "all", "any", "at_least":
		return composed(spec)
	case "breaker":
		s, err := spec.Breaker()
		if err != nil {
			return nil, fmt.Errorf("policy breaker: %w", err)
		}
		return Breaker{s}, nil
	case "critical":
		s, err := spec.Critical()
		if err != nil {
			return nil, fmt.Errorf("policy critical: %w", err)
		}
		return Critical{s}, nil
	case "tags":
		s, err := spec.Tags()
		if err != nil {
			return nil, fmt.Errorf("policy tags: %w", err)
		}
		return newTags(s), nil
	case "when":
		return when(spec)
	case "whitelist":
		s, err := spec.Whitelist()
		if err != nil {
			return nil, fmt.Errorf("policy whitelist: %w", err)
		}
		return Whitelist{s, &parsedLists{}}, nil
	}
	return nil, fmt.Errorf("policy %q is not known", spec.Name)
}

// calendar resolves the zone, so that judging asks no database.
func calendar(spec schema.PolicySpec) (Policy, error) {
	s, err := spec.Calendar()
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", spec.Name, err)
	}
	zone, err := s.Location()
	if err != nil {
		return nil, fmt.Errorf("policy %s: zone: %w", spec.Name, err)
	}
	if spec.Name == "freeze" {
		return Freeze{Spans: s, Zone: zone}, nil
	}
	return Window{Spans: s, Zone: zone}, nil
}
