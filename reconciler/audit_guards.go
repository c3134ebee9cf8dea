package reconciler

import (
	"context"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// guardTestimony is the evidence blob of a decision whose gate asked for guard rails: how they were found, and which raw
// answers say so.
type guardTestimony struct {
	V      int           `json:"v"` // 1
	Guards schema.Guards `json:"guards"`
	Raw    []schema.Raw  `json:"raw"` // each body is an evidence blob
}

func (t guardTestimony) version() int { return t.V }

func encodeGuards(g schema.Guards) ([]byte, error) {
	return encodeTestimony("guard rails", guardTestimony{V: 1, Guards: g, Raw: g.Raw})
}

func decodeGuards(data []byte) (guardTestimony, error) {
	return decodeTestimony[guardTestimony]("guard rails", data)
}

// addGuards keeps the guard rails that a decision was made by.
func (out *judged) addGuards(g *schema.Guards, add func([]byte)) error {
	if g == nil {
		return nil
	}
	said, err := encodeGuards(*g)
	if err != nil {
		return err
	}
	add(said)
	out.entry.Decision.Guards = schema.DigestOf(said)
	for _, raw := range g.Raw {
		add(raw.Body)
	}
	return nil
}

// recordedGuards returns the guard rails as the entry recorded them, nil if it names none. Where a reader is given, the raw
// answers have to say the same.
func (r *replay) recordedGuards(ctx context.Context, a *appended, e ledger.Entry) (*schema.Guards, []ledger.Finding) {
	if e.Decision.Guards == "" {
		return nil, nil
	}
	data, err := a.After.Evidence(ctx, e.Decision.Guards)
	if err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	read, err := decodeGuards(data)
	if err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	g := read.Guards
	if g.Raw, err = withBodies(ctx, a.After, read.Raw); err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	return &g, r.rereadGuards(e, g)
}

// rereadGuards compares what was judged with what the raw answers say.
func (r *replay) rereadGuards(e ledger.Entry, g schema.Guards) []ledger.Finding {
	if r.options.RereadGuards == nil {
		return nil
	}
	const otherwise = "the forge's raw answers about guard rails do not say what was judged: %v"
	again, err := r.options.RereadGuards(g)
	if err != nil {
		return mismatch(entryPlace(e), otherwise, err)
	}
	var found []string
	compareJSON("", asJSON(g), asJSON(again), &found)
	if len(found) > 0 {
		return mismatch(entryPlace(e), otherwise, found[0])
	}
	return nil
}
