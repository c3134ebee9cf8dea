package stories_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Collect makes every target of a story one that instances report to.
func (f *faulty) Collect(_ context.Context, wants []integrations.CellPlace) ([]integrations.Collected, error) {
	if f.fail != nil {
		return nil, &integrations.Error{Target: f.name, Class: f.fail}
	}
	out := make([]integrations.Collected, len(wants))
	for i, want := range wants {
		out[i].Reports = f.reports(want.Cell)
	}
	return out, nil
}

// report says what the instances of a cell run from now on, and go on to report: "report gray/a r1*3 r0 rejects*2". Without any
// they are gone.
func (w *world) report(words []string) []string {
	stage, app, _ := strings.Cut(words[0], "/")
	cell := schema.Cell{Stage: stageNamed(stage), App: schema.App(app)}
	var all []schema.Consumer
	for _, word := range words[1:] {
		what, count, _ := strings.Cut(word, "*")
		n, err := strconv.Atoi(count)
		if err != nil {
			n = 1
		}
		for range n {
			c := schema.Consumer{Instance: fmt.Sprintf("%s-%d", what, len(all)), Seq: 1}
			if what == "rejects" {
				c.Refused, c.Why = 2, "rejected"
			} else {
				c.Content = w.contentOf(what)
			}
			all = append(all, c)
		}
	}
	w.reports[cell] = all
	return nil
}

// reported is what instances say now.
func (w *world) reported(cell schema.Cell) []schema.Consumer {
	var out []schema.Consumer
	for _, c := range w.reports[cell] {
		c.At = w.clock.Now()
		out = append(out, c)
	}
	return out
}

// contentOf is the content of the files that a revision's name stands for.
func (w *world) contentOf(rev string) schema.Content {
	var list []schema.File
	for name, data := range w.files(rev) {
		list = append(list, schema.File{Path: name, Mode: schema.Regular, Digest: schema.DigestOf([]byte(data))})
	}
	m, err := schema.NewManifest(list)
	w.must(err)
	return m.Content()
}
