package runner

import (
	"fmt"
	"regexp"
	"strings"
)

// Pipeline is the jobs that a pipeline with these variables has. None is no pipeline.
func (c Config) Pipeline(variables map[string]string) ([]Job, error) {
	if len(c.Workflow.Rules) > 0 {
		when, err := decide(c.Workflow.Rules, variables)
		if err != nil || when == "never" {
			return nil, err
		}
	}
	var out []Job
	for _, j := range c.Jobs {
		if len(j.Rules) > 0 {
			when, err := decide(j.Rules, variables)
			if err != nil {
				return nil, fmt.Errorf("job %s: %w", j.Name, err)
			}
			j.When = when
		}
		if j.When != "never" {
			out = append(out, j)
		}
	}
	return out, nil
}

// decide is what the first rule that holds says; where none does, never.
func decide(rules []Rule, variables map[string]string) (string, error) {
	for _, r := range rules {
		holds := true
		if r.If != "" {
			var err error
			if holds, err = eval(r.If, variables); err != nil {
				return "", fmt.Errorf("rule %q: %w", r.If, err)
			}
		}
		if holds && r.When == "" {
			return "on_success", nil
		}
		if holds {
			return r.When, nil
		}
	}
	return "never", nil
}

var comparison = regexp.MustCompile(`^\s*\$([A-Za-z_][A-Za-z0-9_]*)\s*(?:(==|!=)\s*(?:"([^"$]*)"|\$([A-Za-z_][A-Za-z0-9_]*)|(null)))?\s*$`)

// eval knows variables, == and != with a text, a variable or null, and && above ||, without parentheses.
func eval(text string, variables map[string]string) (bool, error) {
	for either := range strings.SplitSeq(text, "||") {
		all := true
		for each := range strings.SplitSeq(either, "&&") {
			holds, err := compare(each, variables)
			if err != nil {
				return false, err
			}
			all = all && holds
		}
		if all {
			return true, nil
		}
	}
	return false, nil
}

func compare(text string, variables map[string]string) (bool, error) {
	m := comparison.FindStringSubmatch(text)
	if m == nil {
		return false, fmt.Errorf("%q is not known here", strings.TrimSpace(text))
	}
	value, set := variables[m[1]]
	if m[2] == "" {
		return value != "", nil
	}
	other, otherSet := m[3], true
	if m[4] != "" {
		other, otherSet = variables[m[4]]
	}
	if m[5] != "" {
		other, otherSet = "", false
	}
	return (set == otherSet && value == other) == (m[2] == "=="), nil
}
