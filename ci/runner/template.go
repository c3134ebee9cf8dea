// Package runner runs the pipelines of a configuration repository as GitLab and its runner do, in tests: it reads the
// .gitlab-ci.yml of a commit with what that includes, decides by the rules which jobs there are, checks the commit out as a job
// gets it, and executes the jobs' scripts with GitLab's variables. It knows what our templates use, and refuses what it does
// not know, so that no test is green because a line was skipped.
package runner

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"
)

// Template is a file that asks for inputs before its jobs.
type Template struct {
	Inputs map[string]Input
	Header []byte // the first document of the file
	Jobs   []byte // the second, with $[[ inputs.name ]] in it
}

// Input is what a template asks for. Without a default it has to be given.
type Input struct {
	Description string
	Default     any
	Type        string
	Options     []any
	Regex       string
}

var inputUse = regexp.MustCompile(`\$\[\[ *inputs\.([a-z_]+) *\]\]`)

// ParseTemplate reads a file with spec: inputs: and a line --- before its jobs.
func ParseTemplate(text []byte) (Template, error) {
	header, jobs, found := bytes.Cut(text, []byte("\n---\n"))
	if !found {
		return Template{}, fmt.Errorf("no line --- between spec: inputs: and the jobs")
	}
	var head struct {
		Spec struct{ Inputs map[string]Input }
	}
	decoder := yaml.NewDecoder(bytes.NewReader(header))
	decoder.KnownFields(true)
	if err := decoder.Decode(&head); err != nil {
		return Template{}, fmt.Errorf("inputs: %w", err)
	}
	return Template{Inputs: head.Spec.Inputs, Header: header, Jobs: jobs}, nil
}

// Uses lists the inputs that the jobs use, each once.
func (t Template) Uses() []string {
	names := map[string]bool{}
	for _, m := range inputUse.FindAllSubmatch(t.Jobs, -1) {
		names[string(m[1])] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Fill puts values in place of the inputs, inside the scalars of the document, so that no value is read as YAML. One that is a
// scalar of its own keeps its type.
func (t Template) Fill(given map[string]any) (*yaml.Node, error) {
	values, err := t.values(given)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(t.Jobs, &document); err != nil {
		return nil, err
	}
	return &document, fill(&document, values)
}

func (t Template) values(given map[string]any) (map[string]any, error) {
	for name := range given {
		if _, declared := t.Inputs[name]; !declared {
			return nil, fmt.Errorf("input %s is not declared", name)
		}
	}
	out := map[string]any{}
	for name, input := range t.Inputs {
		value, ok := given[name]
		if !ok {
			value = input.Default
		}
		if value == nil {
			return nil, fmt.Errorf("input %s has no value", name)
		}
		if err := input.accepts(value); err != nil {
			return nil, fmt.Errorf("input %s: %w", name, err)
		}
		out[name] = value
	}
	return out, nil
}

func (i Input) accepts(value any) error {
	_, text := value.(string)
	_, boolean := value.(bool)
	switch {
	case i.Type == "boolean" && !boolean, (i.Type == "" || i.Type == "string") && !text:
		return fmt.Errorf("%v is no %s", value, i.Type)
	case i.Type != "" && i.Type != "string" && i.Type != "boolean":
		return fmt.Errorf("type %s is not known here", i.Type)
	case len(i.Options) > 0 && !slices.Contains(i.Options, value):
		return fmt.Errorf("%v is none of %v", value, i.Options)
	case i.Regex != "" && !regexp.MustCompile(i.Regex).MatchString(fmt.Sprint(value)):
		return fmt.Errorf("%v does not match %s", value, i.Regex)
	}
	return nil
}

func fill(n *yaml.Node, values map[string]any) error {
	for _, child := range n.Content {
		if err := fill(child, values); err != nil {
			return err
		}
	}
	if n.Kind != yaml.ScalarNode || !inputUse.MatchString(n.Value) {
		return nil
	}
	var missing error
	whole := inputUse.FindString(n.Value) == n.Value
	n.Value = inputUse.ReplaceAllStringFunc(n.Value, func(use string) string {
		name := inputUse.FindStringSubmatch(use)[1]
		value, ok := values[name]
		if !ok {
			missing = fmt.Errorf("input %s is not declared", name)
		}
		if _, boolean := value.(bool); whole && boolean {
			n.Tag, n.Style = "!!bool", 0
		} else {
			n.Tag = "!!str"
		}
		return fmt.Sprint(value)
	})
	return missing
}
