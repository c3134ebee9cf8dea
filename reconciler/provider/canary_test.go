package provider_test

import (
	"fmt"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestRuleSelects(t *testing.T) {
	me := provider.Identity{Instance: "pay-0", Service: "pay-api", Labels: map[string]string{"zone": "a", "pool": "spot"}}
	for _, row := range []struct {
		sentence string
		rule     provider.Rule
		me       provider.Identity
		want     bool
	}{
		{"the zero rule chooses nobody", provider.Rule{}, me, false},
		{"a listed service", provider.Rule{Services: []string{"x", "pay-api"}}, me, true},
		{"another service", provider.Rule{Services: []string{"x"}}, me, false},
		{"no service is not the empty name", provider.Rule{Services: []string{""}}, provider.Identity{Instance: "a"}, false},
		{"all labels", provider.Rule{Labels: map[string]string{"zone": "a", "pool": "spot"}}, me, true},
		{"one label of two", provider.Rule{Labels: map[string]string{"zone": "a", "pool": "fixed"}}, me, false},
		{"a label it does not have", provider.Rule{Labels: map[string]string{"rack": ""}}, me, false},
		{"everybody", provider.Rule{Percent: 10_000, Salt: "x"}, me, true},
		{"nobody", provider.Rule{Percent: 0, Salt: "x"}, me, false},
		{"everybody but who has no name", provider.Rule{Percent: 10_000}, provider.Identity{}, false},
		{"a label, whatever the percentage", provider.Rule{Labels: map[string]string{"zone": "a"}, Percent: 0}, me, true},
	} {
		if got := row.rule.Selects("pay", row.me); got != row.want {
			t.Errorf("%s: got %v", row.sentence, got)
		}
	}
}

// TestAShareIsStickyAndFair: whoever is in stays in while the share grows, each share is about as large as it says, and
// another revision draws others.
func TestAShareIsStickyAndFair(t *testing.T) {
	const instances = 10_000
	shares := []provider.Permyriad{100, 500, 2500, 5000, 10_000}
	in, other := map[provider.Permyriad]int{}, 0
	for n := range instances {
		me, before := provider.Identity{Instance: fmt.Sprintf("pay-%d", n)}, false
		for _, share := range shares {
			now := provider.Rule{Percent: share, Salt: "r1"}.Selects("pay", me)
			if before && !now {
				t.Fatalf("%s leaves when the share grows to %d", me.Instance, share)
			}
			if before = now; now {
				in[share]++
			}
		}
		if (provider.Rule{Percent: 500, Salt: "r1"}).Selects("pay", me) && (provider.Rule{Percent: 500, Salt: "r2"}).Selects("pay", me) {
			other++
		}
	}
	for _, share := range shares {
		want := instances * int(share) / 10_000
		if got := in[share]; got < want*8/10 || got > want*12/10 {
			t.Errorf("%d of %d are in, want about %d", got, instances, want)
		}
	}
	if other > instances/200 {
		t.Errorf("%d instances are chosen by two revisions at 5 %%: it is always the same ones", other)
	}
}

// TestTheGraySnapshot: of one head each instance gets what its rule says, and both the whole of it.
func TestTheGraySnapshot(t *testing.T) {
	source := providertest.New(nil)
	gray := providertest.Document(map[string]any{"app.yaml": map[string]any{"port": 2}})
	release := func(seq int64, percent provider.Permyriad) {
		main := providertest.Document(map[string]any{"app.yaml": map[string]any{"port": 1}})
		head := providertest.Head(seq, main)
		head.Inline = main
		if percent > 0 {
			other := providertest.Head(seq, gray)
			head.Canary = &provider.Canary{
				Revision: other.Revision, Content: other.Content, Doc: other.Doc, Size: other.Size, Inline: gray, Commit: other.Commit,
				Rule: provider.Rule{Percent: percent, Salt: "r2"},
			}
		}
		source.Put(providertest.Held{Head: providertest.SourceSigner().Sign(head)})
	}
	release(2, 0)
	var programs []*provider.Provider
	for n := range 40 {
		opts := source.Options()
		opts.Identity.Instance = fmt.Sprintf("pay-%d", n)
		programs = append(programs, open(t, opts))
	}
	before := map[int]bool{}
	for i, percent := range []provider.Permyriad{500, 2500, 10_000, 0} {
		release(int64(i+3), percent)
		for n, p := range programs {
			if err := p.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			s := p.Snapshot()
			want := (provider.Rule{Percent: percent, Salt: "r2"}).Selects("pay", provider.Identity{Instance: fmt.Sprintf("pay-%d", n)})
			port, err := provider.Get[int](s, "app.yaml", "port")
			if err != nil || s.Gray() != want || (port == 2) != want {
				t.Errorf("pay-%d at %d: gray %v with port %d, want %v; %v", n, percent, s.Gray(), port, want, err)
			}
			if before[n] && !want && percent > 0 {
				t.Errorf("pay-%d goes back at %d", n, percent)
			}
			before[n] = want
		}
	}
}
