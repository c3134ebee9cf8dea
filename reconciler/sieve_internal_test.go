package reconciler

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// shardOf is some states; its id follows from what it holds, as that of a blob does.
func shardOf(held ...bool) ledger.Shard {
	var s ledger.Shard
	text := ""
	for i, h := range held {
		state := ledger.State{Stage: "dev", App: schema.App(fmt.Sprint("app-", i))}
		if h {
			state.Held = &ledger.Held{}
		}
		s.States, text = append(s.States, state), text+fmt.Sprint(h)
	}
	s.ID = schema.NewObject(schema.BlobObject, []byte(text)).ID
	return s
}

// TestASieveAnswersAsIfAllWereAsked changes some shards at a time and holds the answer against one that asks every state.
func TestASieveAnswersAsIfAllWereAsked(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	some := func() ledger.Shard { return shardOf(rng.IntN(3) == 0, rng.IntN(3) == 0, rng.IntN(3) == 0) }
	shards := make([]ledger.Shard, 40)
	for i := range shards {
		shards[i] = some()
	}
	var s sieve
	for round := range 200 {
		for range rng.IntN(3) {
			shards[rng.IntN(len(shards))] = some()
		}
		rules, heldIs := int64(round/50), round/50%2 == 0 // other rules ask for the contrary
		wanted := func(s *ledger.State) bool { return (s.Held != nil) == heldIs }
		var want []*ledger.State
		for _, shard := range shards {
			for i := range shard.States {
				if wanted(&shard.States[i]) {
					want = append(want, &shard.States[i])
				}
			}
		}
		if diff := cmp.Diff(want, s.from(shards, rules, wanted)); diff != "" {
			t.Fatalf("round %d (-want +got):\n%s", round, diff)
		}
	}
}

func TestASieveAsksWhatChanged(t *testing.T) {
	var s sieve
	asked := 0
	wanted := func(s *ledger.State) bool { asked++; return s.Held != nil }
	shards := []ledger.Shard{shardOf(false, true), shardOf(true, true), shardOf(true, false)}
	for _, step := range []struct {
		name  string
		rules int64
		want  int
	}{
		{"first", 1, 6}, {"nothing changed", 1, 0}, {"one shard changed", 1, 2}, {"other rules", 2, 6},
	} {
		if step.name == "one shard changed" {
			shards[1] = shardOf(false, false)
		}
		asked = 0
		s.from(shards, step.rules, wanted)
		if asked != step.want {
			t.Errorf("%s: %d states were asked, want %d", step.name, asked, step.want)
		}
	}
}
