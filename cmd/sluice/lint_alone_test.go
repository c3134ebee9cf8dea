package main

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sluice-gitops/sluice/schema"
)

func TestLintNamesStageLocalFilesOfNoApp(t *testing.T) {
	project, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nlayout: directory\ntargets:\n  etcd: {}\nstages: default\nstage_local: [local.yaml]\n"))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	branches := project
	branches.Layout = schema.BranchLayout
	for _, row := range []struct {
		sentence string
		project  schema.Project
		files    string
		want     string
	}{
		{"an app with its stage's own file", project, "production/pay/app.yaml production/pay/local.yaml", ""},
		{"a stage's own file alone", project, "production/solo/local.yaml", "stages/production/solo"},
		{"one whose app the first stage has", project, "development/pay/app.yaml production/pay/local.yaml", ""},
		{"one whose app only a later stage has", project, "production/pay/app.yaml staging/pay/local.yaml", "stages/staging/pay"},
		{"one in the first stage", project, "development/solo/deep/local.yaml", "stages/development/solo"},
		{"the branch layout, of which one stage is there", branches, "production/solo/local.yaml", ""},
	} {
		files := fstest.MapFS{}
		for _, path := range strings.Fields(row.files) {
			files["stages/"+path] = &fstest.MapFile{Data: []byte("a: 1\n")}
		}
		got, err := lintAlone(files, row.project)
		if err != nil {
			t.Fatal(err)
		}
		var places []string
		for _, d := range got {
			places = append(places, d.Position.File)
		}
		if strings.Join(places, " ") != row.want {
			t.Errorf("%s: got %q, want %q", row.sentence, places, row.want)
		}
	}
}
