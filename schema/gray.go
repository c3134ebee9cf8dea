package schema

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// GraySpec says how a new revision widens in a stage: first for some instances, then step by step for more, then for all.
type GraySpec struct {
	Services []string          // programs that get it from the first step on, by name
	Labels   map[string]string // so do instances that have all of these
	Steps    []GrayStep        // shares grow; the whole is after the last
	Health   HealthSpec        // what the instances that have it owe before each next step
}

// GrayStep is a share of the instances, and how long it stays there at least.
type GrayStep struct {
	Permyriad int // hundredths of a percent
	For       time.Duration
}

// GrayRule says which instances get the new revision: each part chooses. It is recorded, and stays as it is until the next step.
type GrayRule struct {
	Services  []string          `json:"services,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	Permyriad int               `json:"permyriad"`
}

// Selects reports whether an instance gets the revision, by the same rule as package provider: it depends on nothing else, so an
// instance stays on its side, and whoever is in at 5 % is in at 25 %.
func (r GrayRule) Selects(app App, revision Revision, c Consumer) bool {
	if c.Service != "" && slices.Contains(r.Services, c.Service) || len(r.Labels) > 0 && hasLabels(c.Labels, r.Labels) {
		return true
	}
	sum := sha256.Sum256([]byte(string(revision) + "\x00" + string(app) + "\x00" + c.Instance))
	return c.Instance != "" && int(binary.BigEndian.Uint64(sum[:8])%10_000) < r.Permyriad
}

func hasLabels(have, want map[string]string) bool {
	for name, value := range want {
		if got, ok := have[name]; !ok || got != value {
			return false
		}
	}
	return true
}

// Rule is the rule of a step.
func (g GraySpec) Rule(s GrayStep) GrayRule {
	return GrayRule{Services: g.Services, Labels: g.Labels, Permyriad: s.Permyriad}
}

// After returns the step with the next larger share; ok is false where that is the whole.
func (g GraySpec) After(permyriad int) (GrayStep, bool) {
	i := slices.IndexFunc(g.Steps, func(s GrayStep) bool { return s.Permyriad > permyriad })
	if i < 0 {
		return GrayStep{}, false
	}
	return g.Steps[i], true
}

// Stays is how long a share stays at least: as the step of that share says, else that before it, else not at all.
func (g GraySpec) Stays(permyriad int) time.Duration {
	stays := time.Duration(0)
	for _, s := range g.Steps {
		if s.Permyriad <= permyriad {
			stays = s.For
		}
	}
	return stays
}

// PercentText writes a share as people do: "5 %", "0.25 %".
func PercentText(permyriad int) string {
	return strconv.FormatFloat(float64(permyriad)/100, 'f', -1, 64) + " %"
}

// maxGraySteps is past what anybody waits for; more is a slip.
const maxGraySteps = 50

var grayLetters = regexp.MustCompile(`^[A-Za-z0-9+/:=._@-]+$`)

// grayName tells whether a head can carry a text. The length is counted apart: in the expression it takes milliseconds of each start.
func grayName(text string) bool { return len(text) <= 200 && grayLetters.MatchString(text) }

// gray reads how a stage widens; nil where it does not.
func (s *source) gray(o object) *GraySpec {
	v, path := o.get("gray")
	if v == nil {
		return nil
	}
	g, ok := s.object(v, grayShape, path)
	if !ok {
		return nil
	}
	spec := &GraySpec{Services: s.grayServices(g), Labels: s.grayLabels(g), Health: HealthSpec{Instances: 1, Share: 100}}
	if h, hpath := g.get("health"); h != nil {
		spec.Health = s.health(h, hpath)
		if spec.Health.For != 0 || spec.Health.In != "" {
			s.badValue(h, hpath, "", "want instances: and share: alone; a step has its own time")
		}
	}
	items, ipath := g.list("steps")
	if list, _ := g.get("steps"); list != nil && list.kind == listValue && (len(items) == 0 || len(items) > maxGraySteps) {
		s.badValue(v, ipath, "", fmt.Sprintf("want 1 to %d steps", maxGraySteps))
	}
	last := -1
	for i, item := range items {
		step, ok := s.grayStep(item, at(ipath, i))
		switch {
		case !ok:
		case step.Permyriad <= last:
			s.badValue(item, at(ipath, i), "", "want a larger share than that of the step before")
		case step.Permyriad == 0 && len(spec.Services)+len(spec.Labels) == 0:
			s.badValue(item, at(ipath, i), "", "0 percent, and no services or labels: nobody would get it")
		}
		last = max(last, step.Permyriad)
		spec.Steps = append(spec.Steps, step)
	}
	return spec
}

func (s *source) grayStep(v *value, path string) (GrayStep, bool) {
	o, ok := s.object(v, grayStepShape, path)
	if !ok {
		return GrayStep{}, false
	}
	step := GrayStep{For: o.duration("for")}
	p, ppath := o.get("percent")
	if p == nil {
		return step, false // reported by its shape
	}
	share, err := strconv.ParseFloat(p.text, 64)
	step.Permyriad = int(math.Round(share * 100))
	if p.kind != numberValue || err != nil || share < 0 || share >= 100 || math.Abs(float64(step.Permyriad)-share*100) > 1e-6 {
		s.badValue(p, ppath, "", "want percent below 100, with two decimals at most; the whole comes after the last step by itself")
		return step, false
	}
	return step, true
}

func (s *source) grayServices(o object) []string {
	items, path := o.list("services")
	var out []string
	for i, item := range items {
		if text := s.grayText(item, at(path, i)); text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}

func (s *source) grayLabels(o object) map[string]string {
	v, path := o.get("labels")
	if v == nil {
		return nil
	}
	if v.kind != mapValue {
		s.wrongType(v, path, "a map of labels")
		return nil
	}
	out := map[string]string{}
	for _, m := range v.fields {
		if !grayName(m.key) {
			s.report(m.at, "bad-value", "", args{"field": path, "why": fmt.Sprintf("%q is no name of a label", m.key)})
		}
		out[m.key] = s.grayText(m.value, join(path, m.key))
	}
	return out
}

func (s *source) grayText(v *value, path string) string {
	text := s.text(v, path)
	if text != "" && !grayName(text) {
		s.badValue(v, path, "", fmt.Sprintf("%q has characters besides A-Z a-z 0-9 + / : = . _ @ -", text))
	}
	return text
}
