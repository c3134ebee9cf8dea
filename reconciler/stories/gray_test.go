package stories_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// grayNow tells what the heads at the targets say for whom: "gray gray/a".
func (w *world) grayNow(words []string) []string {
	stage, app, _ := strings.Cut(words[0], "/")
	var out []string
	for _, name := range w.allTargets() {
		raw, err := os.ReadFile(filepath.Join(w.targets[name].dir, string(stageNamed(stage)), app, "current", ".sluice.json"))
		w.must(err)
		h, err := integrations.DecodeHead(raw)
		w.must(err)
		line := fmt.Sprintf("%s: #%d %s", name, h.Seq, w.revision(h.Revision))
		if c := h.Canary; c != nil {
			line += fmt.Sprintf(", %s for %s", w.revision(c.Revision), schema.PercentText(c.Rule.Permyriad))
			for _, s := range c.Rule.Services {
				line += " and " + s
			}
		}
		out = append(out, line)
	}
	return out
}
