package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := providertest.New(ports(1))
		opts := source.Options()
		opts.Identity = provider.Identity{Instance: "pay-0", Labels: map[string]string{"zone": "a"}}
		p := open(t, opts)
		bind[config](t, p)
		settle := func() { time.Sleep(time.Second); synctest.Wait() }
		settle()
		first := source.Reports()["pay-0"]
		if first.Seq != 1 || first.Doc != p.Snapshot().Digest() || first.Origin != "live" || first.Labels["zone"] != "a" || first.Why != "" {
			t.Errorf("at the start: %+v", first)
		}
		source.Set(ports("text"))
		settle()
		if r := source.Reports()["pay-0"]; r.Seq != 1 || r.Refused != 2 || r.Why != "rejected" {
			t.Errorf("after one that does not fit: %+v", r)
		}
		source.Set(ports(3))
		settle()
		if r := source.Reports()["pay-0"]; r.Seq != 3 || r.Refused != 0 || r.Why != "" {
			t.Errorf("after one that does: %+v", r)
		}
	})
}

// TestARefusalAtTheStartIsReported soon, though nothing changes at the source.
func TestARefusalAtTheStartIsReported(t *testing.T) {
	_, opts, _ := left(t)
	synctest.Test(t, func(t *testing.T) {
		source := providertest.New(ports(1))
		source.Put(providertest.SourceSigner().Release(6, ports(666)))
		opts.Source, opts.Start, opts.Identity = source, provider.AllowStale(time.Hour), provider.Identity{Instance: "pay-0"}
		bind[low](t, open(t, opts))
		time.Sleep(time.Second)
		synctest.Wait()
		if r := source.Reports()["pay-0"]; r.Seq != 5 || r.Origin != "cache" || r.Refused != 6 || r.Why != "rejected" {
			t.Errorf("reported: %+v", r)
		}
	})
}

// TestReportsGoOnHoweverRareTheReads: an instance of which nothing is heard for a quarter of an hour counts as quiet.
func TestReportsGoOnHoweverRareTheReads(t *testing.T) {
	for name, wrap := range map[string]func(*providertest.Source) provider.Source{
		"a watch":            func(s *providertest.Source) provider.Source { return s },
		"a source that asks": func(s *providertest.Source) provider.Source { return unwatched{s, s} },
	} {
		synctest.Test(t, func(t *testing.T) {
			source := providertest.New(ports(1))
			opts := source.Options()
			opts.Source, opts.Refresh = wrap(source), 2*time.Hour
			opts.Identity = provider.Identity{Instance: "pay-0"}
			p := open(t, opts)
			var oldest time.Duration
			for range 400 {
				time.Sleep(time.Minute)
				synctest.Wait()
				oldest = max(oldest, time.Since(source.Reports()["pay-0"].At))
			}
			if looks := p.Stats().Looks; oldest > 7*time.Minute || looks > 5 {
				t.Errorf("%s: reports up to %s old, %d looks in seven hours", name, oldest, looks)
			}
		})
	}
}

// unwatched is a source that cannot tell when it changes.
type unwatched struct {
	provider.Source
	provider.Reporter
}

// TestAnIdentityThatNobodyReads: the reconciler leaves out reports with other texts, and no rule of a canary has them.
func TestAnIdentityThatNobodyReads(t *testing.T) {
	many, long := map[string]string{}, map[string]string{}
	for i := range 33 {
		many[fmt.Sprint("label", i)] = "x"
	}
	for i := range 20 {
		long[fmt.Sprint("label", i, strings.Repeat("x", 180))] = strings.Repeat("x", 180)
	}
	for _, row := range []struct {
		sentence string
		me       provider.Identity
		want     string // empty: it is taken
	}{
		{"none", provider.Identity{}, ""},
		{"a Pod", provider.Identity{Instance: "pay-7d9f.node_1:8080", Service: "pay@2", Labels: map[string]string{"topology.kubernetes.io/zone": "eu-west-1a"}}, ""},
		{"letters of other scripts", provider.Identity{Instance: "übung"}, `instance "übung"`},
		{"a quote", provider.Identity{Instance: `x"y`}, `instance "x\"y"`},
		{"a slash in an instance", provider.Identity{Instance: "a/b"}, `instance "a/b"`},
		{"a long instance", provider.Identity{Instance: strings.Repeat("x", 201)}, "at most 200"},
		{"a service with a blank", provider.Identity{Service: "pay service"}, `service "pay service"`},
		{"a label's value with a blank", provider.Identity{Labels: map[string]string{"zone": "eu west"}}, `label zone "eu west"`},
		{"a label's name", provider.Identity{Labels: map[string]string{"zo,ne": "eu"}}, `label name "zo,ne"`},
		{"an empty label", provider.Identity{Labels: map[string]string{"zone": ""}}, `label zone ""`},
		{"too many labels", provider.Identity{Labels: many}, "33 labels"},
		{"too long labels", provider.Identity{Labels: long}, "bytes of labels"},
	} {
		opts := providertest.New(ports(1)).Options()
		opts.Identity = row.me
		err := opts.Valid()
		if (row.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.sentence, err, row.want)
		}
	}
}
