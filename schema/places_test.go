package schema_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func TestWhatNoStageReadsIsTold(t *testing.T) {
	project := schema.Project{Layout: schema.DirectoryLayout, Stages: []schema.Stage{
		{Name: "development", Place: "stages/development"}, {Name: "production", Place: "stages/eu/production"}, {Name: "top", Place: "top"},
	}}
	if got := project.StageFolders(); len(got) != 2 || got[0] != "stages" || got[1] != "stages/eu" {
		t.Fatalf("folders %q, want stages and stages/eu: anything may lie at the top", got)
	}
	for _, row := range []struct {
		entry, hint string
		told        bool
	}{
		{"stages/development", "", false},
		{"stages/eu", "", false},
		{"stages/README.md", "", false},
		{"stages/develpment", `did you mean "development"?`, true},
		{"stages/eu/prod", "", true},
		{"stages/notes.txt", "", true},
	} {
		got, told := project.Beside(row.entry)
		if told != row.told || got.Hint != row.hint || told && (got.Code != "no-stage" || got.Position.File != row.entry) {
			t.Errorf("%s: got %v %+v, want %v with hint %q", row.entry, told, got, row.told, row.hint)
		}
	}
	if got := (schema.Project{Layout: schema.BranchLayout, Stages: []schema.Stage{{Name: "development", Place: "stages/development"}}}).StageFolders(); got != nil {
		t.Errorf("folders %q, want none where each stage is a branch", got)
	}
}
