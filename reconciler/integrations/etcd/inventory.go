package etcd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

const (
	// keepGenerations and keepFor: a release that was replaced stays readable by name until both are over.
	keepGenerations = 10
	keepFor         = 24 * time.Hour
)

// inventory is what we know to be ours beside a head, so that nothing is ever deleted because of its name alone. It is
// written in the transactions that change what it lists, each on the condition that nobody else did meanwhile.
type inventory struct {
	V    int      `json:"v"`    // 1
	Keys []string `json:"keys"` // of the mirror, below kv/, sorted
	// Generations are the releases, newest first, that lie in parts or were between such.
	Generations []generation `json:"generations"`
}

type generation struct {
	Doc schema.Digest `json:"doc"`
	// Until is when another release took its place; zero for the one that the head names.
	Until time.Time `json:"until,omitzero"`
}

func (i inventory) encode() (string, error) {
	i.V = 1
	if i.Keys == nil {
		i.Keys = []string{}
	}
	if i.Generations == nil {
		i.Generations = []generation{}
	}
	text, err := json.Marshal(i)
	return string(text), err
}

// decodeInventory refuses what encode would not have written.
func decodeInventory(raw []byte) (inventory, error) {
	var i inventory
	if err := json.Unmarshal(raw, &i); err != nil {
		return inventory{}, err
	}
	again, err := i.encode()
	if err != nil || !bytes.Equal([]byte(again), raw) {
		return inventory{}, errors.New("not in its written form")
	}
	if !slices.IsSorted(i.Keys) || slices.Contains(i.Keys, "") {
		return inventory{}, errors.New("its keys are not sorted")
	}
	for _, g := range i.Generations {
		if _, err := schema.ParseDigest(string(g.Doc)); err != nil {
			return inventory{}, fmt.Errorf("generation %q: %w", g.Doc, err)
		}
	}
	return i, nil
}

// follow is the inventory once the goal is there. Generations that nobody listed, left by a write that did not come to its
// end, are listed from now on.
func (i inventory) follow(g goal, unlisted []schema.Digest, now time.Time) inventory {
	next := inventory{Keys: slices.Sorted(maps.Keys(g.mirror)), Generations: []generation{{Doc: g.body.Doc}}}
	for _, old := range i.Generations {
		if old.Doc == g.body.Doc {
			continue
		}
		if old.Until.IsZero() {
			old.Until = now
		}
		next.Generations = append(next.Generations, old)
	}
	for _, doc := range unlisted {
		if !slices.ContainsFunc(next.Generations, func(g generation) bool { return g.Doc == doc }) {
			next.Generations = append(next.Generations, generation{doc, now})
		}
	}
	return next
}

// and adds the mirror's keys of a release that is about to be replaced, for as long as both may be there.
func (i inventory) and(names []string) inventory {
	i.Keys = append(slices.Clone(i.Keys), names...)
	slices.Sort(i.Keys)
	i.Keys = slices.Compact(i.Keys)
	return i
}

// covers reports whether the inventory lists everything that the goal has.
func (i inventory) covers(g goal) bool {
	for name := range g.mirror {
		if _, ok := slices.BinarySearch(i.Keys, name); !ok {
			return false
		}
	}
	return len(g.parts) == 0 || slices.ContainsFunc(i.Generations, func(x generation) bool { return x.Doc == g.body.Doc })
}

// prune splits the generations into those to keep and those whose time is over. What the head or its prev names stays,
// whatever the inventory says of its age.
func (i inventory) prune(now time.Time, named ...schema.Digest) (kept inventory, over []schema.Digest) {
	kept = i
	kept.Generations = nil
	for n, g := range i.Generations {
		old := n >= keepGenerations && !g.Until.IsZero() && now.Sub(g.Until) >= keepFor
		if old && !slices.Contains(named, g.Doc) {
			over = append(over, g.Doc)
			continue
		}
		kept.Generations = append(kept.Generations, g)
	}
	return kept, over
}

// generationOf is the document whose part a key below rel/ is.
func generationOf(p place, key string) (schema.Digest, bool) {
	rest, ok := strings.CutPrefix(key, p.dir+"rel/")
	hex, _, below := strings.Cut(rest, "/")
	if !ok || !below {
		return "", false
	}
	doc, err := schema.ParseDigest("sha256:" + hex)
	return doc, err == nil
}
