package reconciler

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

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

func encodeGuards(g schema.Guards) ([]byte, error) {
	data, err := json.Marshal(guardTestimony{V: 1, Guards: g, Raw: g.Raw})
	if err != nil {
		return nil, fmt.Errorf("guard rails: %w", err)
	}
	return append(data, '\n'), nil
}

// decodeGuards reads what encodeGuards wrote; fields that are not known are an error, as they may change what it says.
func decodeGuards(data []byte) (guardTestimony, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var g guardTestimony
	if err := dec.Decode(&g); err != nil {
		return guardTestimony{}, fmt.Errorf("guard rails: %w: %w", ledger.ErrUnknownFormat, err)
	}
	if _, err := dec.Token(); err != io.EOF || g.V != 1 {
		return guardTestimony{}, fmt.Errorf("guard rails: %w: version %d", ledger.ErrUnknownFormat, g.V)
	}
	return g, nil
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
	for _, raw := range read.Raw {
		if raw.Body, err = a.After.Evidence(ctx, raw.Digest); err != nil {
			return nil, lacking(entryPlace(e), fmt.Errorf("%s: %w", schema.Printable(raw.Request), err))
		}
		g.Raw = append(g.Raw, raw)
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
