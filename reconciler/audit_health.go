package reconciler

import (
	"context"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// healthTestimony is the evidence blob of a decision whose gate asked what instances run: what they said. Nobody signed it, so there
// are no raw answers that would prove more.
type healthTestimony struct {
	V      int              `json:"v"` // 1
	Health schema.Consumers `json:"health"`
}

func (t healthTestimony) version() int { return t.V }

func encodeHealth(c schema.Consumers) ([]byte, error) {
	return encodeTestimony("health", healthTestimony{V: 1, Health: c})
}

func decodeHealth(data []byte) (schema.Consumers, error) {
	said, err := decodeTestimony[healthTestimony]("health", data)
	if err != nil {
		return schema.Consumers{}, err
	}
	return said.Health, nil
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
