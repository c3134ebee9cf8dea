package integrations

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Collector is a target whose readers report what they run. Nobody signs a report: it is evidence of what programs say, which a
// gate may ask for (health) and people are shown, and it decides nothing else.
type Collector interface {
	// Collect answers in the order of wants. What it finds is never an error; not finding out is one.
	Collect(ctx context.Context, wants []CellPlace) ([]Collected, error)
}

// CellPlace is a cell as one target holds it.
type CellPlace struct {
	Cell     schema.Cell
	Settings map[string]string // as in Release
}

// Collected is what was found in the place of one cell.
type Collected struct {
	Reports []schema.Consumer
	Unread  int  // reports that are none, or another instance's than their place says
	More    bool // there are more than MaxReports
}

// The bounds of what is read of reports. Whoever reports may write there what it likes.
const (
	MaxReports     = 5000 // of one cell
	MaxReportBytes = 8 << 10
	maxLabels      = 32
)

// Add reads one report from the place that has the instance's name.
func (c *Collected) Add(instance string, raw []byte) {
	r, err := ParseReport(instance, raw)
	if err != nil {
		c.Unread++
		return
	}
	c.Reports = append(c.Reports, r)
}

// ParseReport reads what an instance wrote. Texts that a terminal, a page or a file could take for something else are refused, and
// fields that this version does not know are left out.
func ParseReport(instance string, raw []byte) (schema.Consumer, error) {
	var r struct {
		V        int               `json:"v"`
		Instance string            `json:"instance"`
		Service  string            `json:"service"`
		Labels   map[string]string `json:"labels"`
		Seq      int64             `json:"seq"`
		Content  string            `json:"content"`
		Gray     bool              `json:"gray"`
		Refused  int64             `json:"refused"`
		Why      string            `json:"why"`
		At       time.Time         `json:"at"`
	}
	if len(raw) > MaxReportBytes {
		return schema.Consumer{}, fmt.Errorf("report of %d bytes", len(raw))
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return schema.Consumer{}, fmt.Errorf("report: %w", err)
	}
	texts := []string{r.Instance}
	for _, text := range []string{r.Service, r.Content} {
		if text != "" {
			texts = append(texts, text)
		}
	}
	for name, value := range r.Labels {
		texts = append(texts, name, value)
	}
	for _, text := range texts {
		if !plain(text) {
			return schema.Consumer{}, fmt.Errorf("report: text %q", text)
		}
	}
	switch {
	case r.V != 1:
		return schema.Consumer{}, fmt.Errorf("report: version %d", r.V)
	case r.Instance != instance:
		return schema.Consumer{}, fmt.Errorf("report of %q in the place of %q", r.Instance, instance)
	case r.Seq < 0, r.Refused < 0, len(r.Labels) > maxLabels, r.At.IsZero(), r.At.Year() > 9999:
		return schema.Consumer{}, fmt.Errorf("report: seq %d, refused %d, %d labels, at %s", r.Seq, r.Refused, len(r.Labels), r.At)
	}
	switch r.Why {
	case "", "rejected", "refused", "backwards", "retired":
	default:
		return schema.Consumer{}, fmt.Errorf("report: why %q", r.Why)
	}
	return schema.Consumer{
		Instance: r.Instance, Service: r.Service, Labels: r.Labels, Seq: r.Seq, Content: schema.Content(r.Content), Gray: r.Gray,
		Refused: r.Refused, Why: r.Why, At: r.At.UTC().Truncate(time.Millisecond),
	}, nil
}
