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

// healthTestimony is the evidence blob of a decision whose gate asked what instances run: what they said. Nobody signed it, so there
// are no raw answers that would prove more.
type healthTestimony struct {
	V      int              `json:"v"` // 1
	Health schema.Consumers `json:"health"`
}

func encodeHealth(c schema.Consumers) ([]byte, error) {
	data, err := json.Marshal(healthTestimony{V: 1, Health: c})
	if err != nil {
		return nil, fmt.Errorf("health: %w", err)
	}
	return append(data, '\n'), nil
}

// decodeHealth reads what encodeHealth wrote; fields that are not known are an error, as they may change what it says.
func decodeHealth(data []byte) (schema.Consumers, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var h healthTestimony
	if err := dec.Decode(&h); err != nil {
		return schema.Consumers{}, fmt.Errorf("health: %w: %w", ledger.ErrUnknownFormat, err)
	}
	if _, err := dec.Token(); err != io.EOF || h.V != 1 {
		return schema.Consumers{}, fmt.Errorf("health: %w: version %d", ledger.ErrUnknownFormat, h.V)
	}
	return h.Health, nil
}

// addHealth keeps what the instances said that a decision was made by.
func (out *judged) addHealth(c *schema.Consumers, add func([]byte)) error {
	if c == nil {
		return nil
	}
	said, err := encodeHealth(c.Evidence())
	if err != nil {
		return err
	}
	add(said)
	out.entry.Decision.Health = schema.DigestOf(said)
	return nil
}

// recordedHealth is what the instances said as an entry recorded it, by cell; empty if it names none.
func (r *replay) recordedHealth(ctx context.Context, a *appended, health schema.Digest) (map[schema.Cell]*schema.Consumers, error) {
	out := map[schema.Cell]*schema.Consumers{}
	if health == "" {
		return out, nil
	}
	data, err := a.After.Evidence(ctx, health)
	if err != nil {
		return nil, err
	}
	c, err := decodeHealth(data)
	if err != nil {
		return nil, err
	}
	out[c.Cell] = &c
	return out, nil
}

// heldInstances shows by which instances a change was held, from the entry's own evidence; nil where the gate asked for none.
func heldInstances(ctx context.Context, l *ledger.Ledger, held ledger.Held) (*schema.InstancesView, error) {
	e, _, err := l.Entry(ctx, held.Seq)
	if err != nil || e.Decision == nil || e.Decision.Health == "" {
		return nil, err
	}
	data, err := l.Evidence(ctx, e.Decision.Health)
	if err != nil {
		return nil, nil // expunged: what it said is gone, and the verdict stays
	}
	c, err := decodeHealth(data)
	if err != nil {
		return nil, err
	}
	state, _, err := l.Cell(ctx, c.Cell)
	if err != nil {
		return nil, err
	}
	v := c.View(state.Admitted.Content)
	return &v, nil
}
