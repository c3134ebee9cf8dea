package schema_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/schema"
)

func TestGrayIsRead(t *testing.T) {
	project, found := schema.LoadProject("sluice.yaml", []byte(`version: 1
stages:
  - name: a
  - name: b
    gray:
      services: [pay, checkout]
      labels: {pool: early}
      steps: [{percent: 0, for: 30m}, {percent: 0.07, for: 1h}, {percent: 25, for: 1d}]
      health: {instances: 2, share: 90}
`))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	want := &schema.GraySpec{
		Services: []string{"checkout", "pay"}, Labels: map[string]string{"pool": "early"}, Health: schema.HealthSpec{Instances: 2, Share: 90},
		Steps: []schema.GrayStep{{For: 30 * time.Minute}, {Permyriad: 7, For: time.Hour}, {Permyriad: 2500, For: 24 * time.Hour}},
	}
	if d := cmp.Diff(want, project.Stages[1].Gray); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if project.Stages[0].Gray != nil {
		t.Error("a stage without gray: has it")
	}
}

func TestGrayRefuses(t *testing.T) {
	for sentence, gray := range map[string]string{
		"no steps":                        `{services: [a]}`,
		"an empty list":                   `{steps: []}`,
		"the whole as a step":             `{steps: [{percent: 100, for: 1h}]}`,
		"less than nothing":               `{steps: [{percent: -1, for: 1h}]}`,
		"a third of a hundredth":          `{steps: [{percent: 0.003, for: 1h}]}`,
		"a share in words":                `{steps: [{percent: half, for: 1h}]}`,
		"steps that shrink":               `{steps: [{percent: 25, for: 1h}, {percent: 5, for: 1h}]}`,
		"a step without its time":         `{steps: [{percent: 25}]}`,
		"nobody at first":                 `{steps: [{percent: 0, for: 1h}, {percent: 5, for: 1h}]}`,
		"a service that no head can name": `{services: ["a b"], steps: [{percent: 5, for: 1h}]}`,
		"a label that no head can name":   `{labels: {"a b": c}, steps: [{percent: 5, for: 1h}]}`,
		"health with a time of its own":   `{steps: [{percent: 5, for: 1h}], health: {for: 1h}}`,
		"a field that there is not":       `{steps: [{percent: 5, for: 1h}], percent: 5}`,
	} {
		t.Run(sentence, func(t *testing.T) {
			_, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nstages: [{name: a}, {name: b, gray: "+gray+"}]\n"))
			if found.Err() == nil {
				t.Errorf("%s was read", gray)
			}
		})
	}
}
