package main

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sluice-gitops/sluice/schema"
)

func TestLintSaysWhatATargetCannotHold(t *testing.T) {
	file := func(size int) *fstest.MapFile { return &fstest.MapFile{Data: []byte(strings.Repeat("x", size))} }
	stage := func(target string) schema.Stage {
		return schema.Stage{Name: "production", Place: "stages/production", Targets: []schema.StageTarget{{Name: target}}}
	}
	renamed := &schema.Operator{Projects: []schema.OperatorProject{{Targets: map[string]schema.TargetAddress{"cluster": {Kind: "configmap"}}}}}
	several := &schema.Operator{Projects: []schema.OperatorProject{
		{Anchor: "sha256:1", Targets: map[string]schema.TargetAddress{"cluster": {Kind: "file"}}},
		{Anchor: "sha256:2", Targets: map[string]schema.TargetAddress{"cluster": {Kind: "configmap"}}},
	}}
	for _, row := range []struct {
		sentence string
		files    fstest.MapFS
		target   string
		operator *schema.Operator
		want     []string
	}{
		{"what fits is no finding", fstest.MapFS{"stages/production/pay/a.txt": file(100)}, "configmap", nil, nil},
		{"a ConfigMap holds no 1.5 MB", fstest.MapFS{"stages/production/pay/a.txt": file(1500000), "stages/production/web/a.txt": file(10)}, "configmap", nil,
			[]string{"stages/production/pay too-large"}},
		{"a directory holds them", fstest.MapFS{"stages/production/pay/a.txt": file(1500000)}, "file", nil, nil},
		{"a name that Kubernetes has no key for", fstest.MapFS{"stages/production/pay/a b.txt": file(1)}, "configmap", nil, []string{"stages/production/pay target-invalid"}},
		{"a target of another name is of no known kind", fstest.MapFS{"stages/production/pay/a b.txt": file(1)}, "cluster", nil, nil},
		{"but by the operator's file", fstest.MapFS{"stages/production/pay/a b.txt": file(1)}, "cluster", renamed, []string{"stages/production/pay target-invalid"}},
		{"one that the operator's file does not name", fstest.MapFS{"stages/production/pay/a b.txt": file(1)}, "configmap", renamed, []string{"sluice.yaml target-unconfigured"}},
		{"of whom two projects say other things", fstest.MapFS{"stages/production/pay/a b.txt": file(1)}, "cluster", several, []string{"sluice.yaml target-unconfigured"}},
		{"of the one with the anchor", fstest.MapFS{"stages/production/pay/a b.txt": file(1)}, "cluster", ofProject(several, "sha256:2"), []string{"stages/production/pay target-invalid"}},
		{"a stage without a directory has nothing", fstest.MapFS{}, "configmap", nil, nil},
	} {
		found, err := lintFits(row.files, schema.Project{Stages: []schema.Stage{stage(row.target)}}, row.operator)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range found {
			got = append(got, d.Position.File+" "+string(d.Code))
		}
		if strings.Join(got, "\n") != strings.Join(row.want, "\n") {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
	}
}
