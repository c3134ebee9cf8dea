package journal

import (
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// These are the words for what an entry says beside its decision: the page and `sluice audit show` have them from here.

// mostKeys is how many keys of a drift a record names. All are in audit show.
const mostKeys = 20

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// says is what of an entry no other field of its record has.
func says(e ledger.Entry) []schema.Said {
	out := Seen(e)
	if e.Kind == ledger.Observe && e.Ref != "" {
		out = append(out, schema.Said{Name: "moved", Text: Moved(e)})
	}
	out = append(out, Widens(e)...)
	if d := e.Delivery; d != nil {
		found := keys(*d)
		if more := len(found) - mostKeys; more > 0 {
			found = append(found[:mostKeys:mostKeys], schema.Said{Name: "keys", Text: fmt.Sprintf("%d more: sluice audit show %d", more, e.Seq)})
		}
		out = append(out, found...)
	}
	return append(out, Terms(e)...)
}

// Seen is when it happened, where that was recorded later.
func Seen(e ledger.Entry) []schema.Said {
	if e.ObservedAt == nil {
		return nil
	}
	return []schema.Said{{Name: "seen", Text: moment(*e.ObservedAt) + ", and recorded when that could be done"}}
}

// Moved is from where to where the ref of an entry went.
func Moved(e ledger.Entry) string {
	short := func(h schema.Hash) string {
		if h.IsZero() {
			return "nothing"
		}
		return h.Short()
	}
	return fmt.Sprintf("from %s to %s", short(e.Old), short(e.New))
}

// Widens is who gets what is admitted, from there on or at first.
func Widens(e ledger.Entry) []schema.Said {
	text := ""
	switch {
	case e.Step != nil && e.Step.Rule == nil:
		text = fmt.Sprintf("all, by entry #%d", e.Step.Admission)
	case e.Step != nil:
		text = fmt.Sprintf("%s of the instances, by entry #%d", schema.PercentText(e.Step.Rule.Permyriad), e.Step.Admission)
	case e.Decision != nil && e.Decision.Gray != nil:
		text = schema.PercentText(e.Decision.Gray.Permyriad) + " of the instances first"
	default:
		return nil
	}
	return []schema.Said{{Name: "goes to", Text: text}}
}

// keys are those that were found other than they were admitted. Of the values they say nothing, not even a digest.
func keys(d ledger.Delivery) []schema.Said {
	var out []schema.Said
	for _, k := range d.Keys {
		out = append(out, schema.Said{Name: "keys", Text: k.Op + " " + k.Key + Writer(k)})
	}
	return out
}

// Writer is who wrote what was found of a key, and as which change, where the target tells.
func Writer(k ledger.DriftKey) string {
	text := ""
	if k.By != "" {
		text += "  by " + k.By
	}
	if k.Revision != 0 {
		text += fmt.Sprintf("  revision %d", k.Revision)
	}
	return text
}

// Terms are until when what was asked for lasts.
func Terms(e ledger.Entry) []schema.Said {
	o := e.Order
	if o == nil {
		return nil
	}
	var out []schema.Said
	switch {
	case o.Until != nil && e.Kind == ledger.Archive:
		out = append(out, schema.Said{Name: "kept until", Text: moment(*o.Until)})
	case o.Until != nil:
		out = append(out, schema.Said{Name: "until", Text: moment(*o.Until)})
	case e.Kind == ledger.Archive:
		out = append(out, schema.Said{Name: "kept", Text: "for ever"})
	case e.Kind == ledger.Suspend:
		out = append(out, schema.Said{Name: "until", Text: "somebody resumes it"})
	}
	if o.Review != nil {
		out = append(out, schema.Said{Name: "review by", Text: moment(*o.Review)})
	}
	return out
}
