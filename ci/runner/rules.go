package runner

import (
	"fmt"
	"regexp"
	"strings"
)

// Pipeline is the jobs that a pipeline with these variables has. None is no pipeline.
func (c Config) Pipeline(variables map[string]string) ([]Job, error) {
	if len(c.Workflow.Rules) > 0 {
		r, err := decide(c.Workflow.Rules, variables)
		if err != nil || r.When == "never" {
			return nil, err
		}
	}
	var out []Job
	for _, j := range c.Jobs {
		if len(j.Rules) > 0 {
			r, err := decide(j.Rules, variables)
			if err != nil {
				return nil, fmt.Errorf("job %s: %w", j.Name, err)
			}
			j.When = r.When
			if r.AllowFailure != nil {
				j.AllowFailure = AllowFailure{Always: *r.AllowFailure}
			}
		}
		if j.When != "never" {
			out = append(out, j)
		}
	}
	return out, nil
}

// waiting is what GitLab calls a button that nobody pressed. One that may not fail blocks its pipeline: below rules all, unless
// they say that they may; elsewhere none.
func (j Job) waiting() string {
	if len(j.Rules) > 0 && !j.AllowFailure.Always {
		return "manual, and the pipeline is blocked"
	}
	return "manual"
}

// decide is the first rule that holds; where none does, it says never.
func decide(rules []Rule, variables map[string]string) (Rule, error) {
	for _, r := range rules {
		holds := true
		if r.If != "" {
			var err error
			if holds, err = eval(r.If, variables); err != nil {
				return Rule{}, fmt.Errorf("rule %q: %w", r.If, err)
			}
		}
		if holds && r.When == "" {
			r.When = "on_success"
		}
		if holds {
			return r, nil
		}
	}
	return Rule{When: "never"}, nil
}

// What is compared: a variable with nothing, a text, a variable or null; a text, which an input became, with a text; a variable
// with an expression.
var (
	comparison = regexp.MustCompile(`^\s*\$([A-Za-z_][A-Za-z0-9_]*)\s*(?:(==|!=)\s*(?:"([^"$]*)"|\$([A-Za-z_][A-Za-z0-9_]*)|(null)))?\s*$`)
	texts      = regexp.MustCompile(`^\s*"([^"$]*)"\s*(==|!=)\s*"([^"$]*)"\s*$`)
	matching   = regexp.MustCompile(`^\s*\$([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~)\s*/((?:[^/\\]|\\.)+)/\s*$`)
)

// eval knows what compare does, and && above ||, without parentheses and with neither of them inside an expression.
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
	if m := texts.FindStringSubmatch(text); m != nil {
		return (m[1] == m[3]) == (m[2] == "=="), nil
	}
	if m := matching.FindStringSubmatch(text); m != nil {
		pattern, err := regexp.Compile(strings.ReplaceAll(m[3], `\/`, "/"))
		if err != nil {
			return false, err
		}
		value, set := variables[m[1]]
		return (set && pattern.MatchString(value)) == (m[2] == "=~"), nil
	}
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
