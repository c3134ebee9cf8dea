package runner

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Config is a .gitlab-ci.yml with all that it includes.
type Config struct {
	Stages    []string
	Workflow  struct{ Rules []Rule }
	Variables map[string]string
	Jobs      []Job // by stage, then by name
}

// Job is one job, with the keywords that our templates use.
type Job struct {
	Name          string `yaml:"-"`
	Stage         string
	Image         string
	Variables     map[string]string
	Rules         []Rule
	Script        []string
	Needs         []string
	When          string
	AllowFailure  AllowFailure `yaml:"allow_failure"`
	Artifacts     Artifacts
	Cache         Cache
	Interruptible bool
	ResourceGroup string `yaml:"resource_group"`
}

// Rule decides whether there is a job, or a pipeline; the first that holds does.
type Rule struct {
	If           string
	When         string
	AllowFailure *bool `yaml:"allow_failure"` // nil: as the job says
}

// AllowFailure says whether a job may fail, or with which codes it may.
type AllowFailure struct {
	Always    bool  `yaml:"-"` // said by the rule that held
	ExitCodes []int `yaml:"exit_codes"`
}

// Artifacts are what a job leaves.
type Artifacts struct {
	When     string
	Name     string
	ExpireIn string `yaml:"expire_in"`
	ExposeAs string `yaml:"expose_as"`
	Paths    []string
	Reports  map[string]string
}

// Cache is what a job finds as the last one that passed left it.
type Cache struct {
	Key   string
	Paths []string
}

// Include names a file that a configuration takes in.
type Include struct {
	Local, Project, Ref, File, Component string
	Inputs                               map[string]any
}

// Load reads a configuration; source finds the files that it includes.
func Load(text []byte, source func(Include) ([]byte, error)) (Config, error) {
	whole, err := withIncludes(text, source)
	if err != nil {
		return Config{}, err
	}
	c := Config{Stages: []string{"build", "test", "deploy"}}
	for _, name := range slices.Sorted(maps.Keys(whole)) {
		switch name {
		case "include":
		case "stages":
			err = decodeStrictly(whole[name], &c.Stages)
		case "workflow":
			err = decodeStrictly(whole[name], &c.Workflow)
		case "variables":
			err = decodeStrictly(whole[name], &c.Variables)
		default:
			job := Job{Name: name, Stage: "test"}
			err = decodeStrictly(whole[name], &job)
			c.Jobs = append(c.Jobs, job)
		}
		if err != nil {
			return Config{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return c, c.order()
}

func (c *Config) order() error {
	for _, j := range c.Jobs {
		if !slices.Contains(c.Stages, j.Stage) {
			return fmt.Errorf("job %s: there is no stage %s", j.Name, j.Stage)
		}
		if len(j.Script) == 0 {
			return fmt.Errorf("job %s has no script", j.Name)
		}
	}
	slices.SortStableFunc(c.Jobs, func(x, y Job) int {
		return slices.Index(c.Stages, x.Stage) - slices.Index(c.Stages, y.Stage)
	})
	return nil
}

// withIncludes takes in what is included; what the file itself says holds above it.
func withIncludes(text []byte, source func(Include) ([]byte, error)) (map[string]any, error) {
	var own map[string]any
	if err := yaml.Unmarshal(text, &own); err != nil {
		return nil, err
	}
	var includes []Include
	if err := decodeStrictly(own["include"], &includes); err != nil {
		return nil, fmt.Errorf("include: %w", err)
	}
	out := map[string]any{}
	for _, include := range includes {
		more, err := included(include, source)
		if err != nil {
			return nil, fmt.Errorf("include %s: %w", include, err)
		}
		merge(out, more)
	}
	merge(out, own)
	return out, nil
}

func included(i Include, source func(Include) ([]byte, error)) (map[string]any, error) {
	text, err := source(i)
	if err != nil {
		return nil, err
	}
	template, err := ParseTemplate(text)
	if err != nil {
		return nil, err
	}
	node, err := template.Fill(i.Inputs)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, node.Decode(&out)
}

func (i Include) String() string {
	return strings.TrimSpace(i.Project + " " + i.Component + i.Local + i.File)
}

func merge(into, more map[string]any) {
	for name, value := range more {
		below, both := into[name].(map[string]any)
		if added, ok := value.(map[string]any); ok && both {
			merge(below, added)
		} else {
			into[name] = value
		}
	}
}

// decodeStrictly refuses what the struct has no field for.
func decodeStrictly(value, into any) error {
	if value == nil {
		return nil
	}
	text, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	return decoder.Decode(into)
}
