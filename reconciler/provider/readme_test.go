package provider_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// TestTheProgramOfTheREADME: the line that binds there, on the files of its project, with the stage's own file and without.
func TestTheProgramOfTheREADME(t *testing.T) {
	for _, page := range []string{"../../README.md", "doc.go"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if line := `provider.Bind[Config](p, provider.Files("app.yaml", "local.yaml?"), provider.Strict())`; !strings.Contains(string(text), line) {
			t.Errorf("%s does not have %s", page, line)
		}
	}
	type Config struct {
		Port int `sluice:"port"`
	}
	app, local := map[string]any{"port": 1}, map[string]any{"port": 2}
	for _, row := range []struct {
		sentence string
		files    map[string]any
		want     int
	}{
		{"the app's file alone", map[string]any{"app.yaml": app}, 1},
		{"the stage's own over it", map[string]any{"app.yaml": app, "local.yaml": local}, 2},
	} {
		p, err := provider.Open(t.Context(), providertest.New(row.files).Options())
		if err != nil {
			t.Fatal(err)
		}
		config, err := provider.Bind[Config](p, provider.Files("app.yaml", "local.yaml?"), provider.Strict())
		if err != nil || config.Load().Port != row.want {
			t.Errorf("%s: got %v, want %d", row.sentence, err, row.want)
		}
		p.Close()
	}
}
