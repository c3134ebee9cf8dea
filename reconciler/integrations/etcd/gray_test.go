package etcd_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	source "github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// fleet are programs of one app, each with a name of its own, that read one etcd and report to it.
type fleet struct {
	t         *testing.T
	endpoint  string
	target    *etcd.Target
	cell      schema.Cell
	providers []*provider.Provider
	consumers []schema.Consumer // who they are
}

func newFleet(t *testing.T, n int) *fleet {
	f := &fleet{t: t, endpoint: embedded(t), cell: integrationstest.Cell("pay")}
	f.target = connect(t, map[string]string{"endpoints": f.endpoint})
	for i := range n {
		c := schema.Consumer{Instance: fmt.Sprintf("pod-%02d", i), Service: "search", Labels: map[string]string{"zone": string(rune('a' + i%3))}}
		if i == n-1 {
			c.Service = "checkout"
		}
		f.consumers = append(f.consumers, c)
	}
	return f
}

// start begins every program anew.
func (f *fleet) start() {
	f.t.Helper()
	for _, p := range f.providers {
		p.Close()
	}
	f.providers = nil
	client := dial(f.t, f.endpoint)
	for _, c := range f.consumers {
		p, err := provider.Open(f.t.Context(), provider.Options{
			Source:  source.New(client, source.Place(etcd.DefaultRoot, string(f.cell.Stage), string(f.cell.App))),
			Project: "5f0c66d1", Stage: string(f.cell.Stage), App: string(f.cell.App), Keys: provider.Keys{"log-1": integrationstest.PublicKey()},
			Identity: provider.Identity{Instance: c.Instance, Service: c.Service, Labels: c.Labels},
		})
		if err != nil {
			f.t.Fatal(err)
		}
		f.t.Cleanup(func() { p.Close() })
		f.providers = append(f.providers, p)
	}
}

// give writes a step: to these instances the new revision, to all others the one before.
func (f *fleet) give(seq int64, rule *schema.GrayRule) {
	f.t.Helper()
	want := integrationstest.Release(f.cell, seq, map[string]string{"app.yaml": "v: old\n"})
	next := integrationstest.Release(f.cell, seq, map[string]string{"app.yaml": "v: new\n"})
	if rule == nil {
		want = next
	} else {
		want.Gray = &integrations.Gray{Revision: next.Revision, Content: next.Content, Commit: next.Commit, Document: next.Document, Rule: *rule}
	}
	write(f.t, f.target, want)
	for _, p := range f.providers {
		if err := p.Refresh(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
	}
}

// new lists who runs the new revision.
func (f *fleet) new() (out []string) {
	f.t.Helper()
	next := integrationstest.Release(f.cell, 1, map[string]string{"app.yaml": "v: new\n"})
	for i, p := range f.providers {
		if p.Snapshot().Content() == string(next.Content) {
			out = append(out, f.consumers[i].Instance)
		}
	}
	return out
}

// chosen lists who should.
func (f *fleet) chosen(rule schema.GrayRule) (out []string) {
	next := integrationstest.Release(f.cell, 1, map[string]string{"app.yaml": "v: new\n"})
	for _, c := range f.consumers {
		if rule.Selects(f.cell.App, next.Revision, c) {
			out = append(out, c.Instance)
		}
	}
	return out
}

func TestAFleetWidensByTheHeadAlone(t *testing.T) {
	f := newFleet(t, 20)
	quarter := schema.GrayRule{Services: []string{"checkout"}, Permyriad: 2500}
	half := schema.GrayRule{Services: []string{"checkout"}, Permyriad: 5000}
	f.give(3, &quarter)
	f.start()
	first := f.new()
	if want := f.chosen(quarter); !slices.Equal(first, want) || len(first) < 2 || len(first) > 12 || !slices.Contains(first, "pod-19") {
		t.Fatalf("at 25 %% and a listed service %v have it, want %v", first, want)
	}
	f.start()
	if again := f.new(); !slices.Equal(again, first) {
		t.Errorf("after a restart %v have it, before %v", again, first)
	}
	f.give(4, &half)
	more := f.new()
	if want := f.chosen(half); !slices.Equal(more, want) || len(more) <= len(first) {
		t.Errorf("at 50 %% %v have it, want %v", more, want)
	}
	for _, name := range first {
		if !slices.Contains(more, name) {
			t.Errorf("%s had it at 25 %% and lost it at 50 %%", name)
		}
	}
	f.give(5, &schema.GrayRule{Labels: map[string]string{"zone": "b"}})
	if got, want := f.new(), f.chosen(schema.GrayRule{Labels: map[string]string{"zone": "b"}}); !slices.Equal(got, want) || len(got) != 7 {
		t.Errorf("by label %v have it, want %v", got, want)
	}
	f.give(6, nil)
	if all := f.new(); len(all) != 20 {
		t.Errorf("the whole is %v", all)
	}
	f.reports(6)
}

// reports waits until each program has said what it runs. They do so by themselves, right after they took it.
func (f *fleet) reports(seq int64) {
	f.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		found, err := f.target.Collect(f.t.Context(), []integrations.CellPlace{{Cell: f.cell}})
		if err != nil {
			f.t.Fatal(err)
		}
		n := 0
		for _, c := range found[0].Reports {
			if c.Seq == seq && c.Content != "" && c.Service != "" {
				n++
			}
		}
		if n == len(f.consumers) {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("%d of %d programs reported entry %d: %+v", n, len(f.consumers), seq, found[0].Reports)
		}
	}
}

func TestSelectsIsTheProvidersOwn(t *testing.T) {
	for i := range 2000 {
		me := provider.Identity{Instance: fmt.Sprintf("pod-%d", i), Service: []string{"", "pay", "search"}[i%3], Labels: map[string]string{"zone": string(rune('a' + i%2))}}
		for _, rule := range []schema.GrayRule{
			{}, {Permyriad: 1234}, {Services: []string{"pay"}}, {Labels: map[string]string{"zone": "a"}}, {Labels: map[string]string{"zone": "a", "rack": "1"}, Permyriad: 10},
		} {
			theirs := provider.Rule{Services: rule.Services, Labels: rule.Labels, Percent: provider.Permyriad(rule.Permyriad), Salt: "sha256:aa"}.Selects("a/b", me)
			ours := rule.Selects("a/b", "sha256:aa", schema.Consumer{Instance: me.Instance, Service: me.Service, Labels: me.Labels})
			if ours != theirs {
				t.Fatalf("%+v by %+v: the provider says %v, the reconciler %v", me, rule, theirs, ours)
			}
		}
	}
}

func TestAWideningIsNothingThatAnybodyElseWrites(t *testing.T) {
	target := connect(t, map[string]string{"endpoints": embedded(t)})
	want := release(3, "v: old\n")
	next := release(3, "v: new\n")
	want.Gray = &integrations.Gray{Revision: next.Revision, Content: next.Content, Commit: next.Commit, Document: next.Document, Rule: schema.GrayRule{Permyriad: 500}}
	write(t, target, want)
	wider := want
	gray := *want.Gray
	gray.Rule.Permyriad = 10_000
	wider.Gray = &gray
	if o, err := target.Read(t.Context(), wider); err != nil || o.Equal {
		t.Errorf("a head for 5 %% is taken for one for all: %+v, %v", o, err)
	}
	whole := want
	whole.Gray = nil
	if o, err := target.Read(t.Context(), whole); err != nil || o.Equal {
		t.Errorf("a head with something for some is taken for one without: %+v, %v", o, err)
	}
	gray.Rule.Permyriad = 10_001
	if _, err := target.Write(t.Context(), wider); !errors.Is(err, integrations.ErrHead) && err == nil {
		t.Error("a share above the whole was written")
	}
}
