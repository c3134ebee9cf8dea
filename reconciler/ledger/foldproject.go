package ledger

import (
	"maps"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// FoldHead returns the project's state after an entry; digest is that of the entry's bytes.
func FoldHead(h Head, e Entry, digest schema.Digest) Head {
	h.Project, h.Size, h.Last, h.At = e.Project, e.Seq, digest, e.At
	h.Used = foldUsed(h.Used, e)
	h.Expunged = foldExpunged(h, e)
	switch e.Kind {
	case Genesis, Control:
		if e.Kind == Genesis {
			h.Anchor, h.Form, h.Volume = e.Seal.Anchor, e.Seal.Form, e.Seal.Volume
		}
		h.Control = foldControl(h.Control, e)
	case Hold, Deny:
		if e.Cell() == schema.Control {
			h.Control.Held = held(h.Control.Held, e)
		}
	case Observe:
		if e.Cell() == schema.Control && e.Code == Settled {
			h.Control.Held = nil
		}
	case KeyRotate:
		if key, err := ParseLogKey(e.Order.LogKey); err == nil { // an entry is checked before it is folded
			h.Signer = &LogSigner{Seq: e.Seq, Key: FormatLogKey(key)}
		}
	case Suspend, Resume:
		if e.Stage != "" && e.App == "" {
			h.Suspended = foldSuspended(h.Suspended, e)
		}
	}
	return h
}

// usedFor is how long a request that was carried out is remembered: longer than one may be used after it was made, by
// whatever a signer's clock was ahead.
const usedFor = schema.RequestLife + 24*time.Hour

// foldUsed remembers the request that an entry carries out and forgets those that are too old to be made again. The list
// changes with such entries alone, so that all others leave it as it is.
func foldUsed(used []UsedRequest, e Entry) []UsedRequest {
	if e.Order == nil || e.Order.Statement == "" {
		return used
	}
	var out []UsedRequest
	for _, u := range used {
		if e.At.Sub(u.At) <= usedFor && u.Statement != e.Order.Statement {
			out = append(out, u)
		}
	}
	return append(out, UsedRequest{Statement: e.Order.Statement, Seq: e.Seq, At: e.At})
}

// foldExpunged remembers what was removed, in a ledger whose older volumes still name it, until an entry brings it again.
func foldExpunged(h Head, e Entry) []schema.Digest {
	if h.Form != Volumes {
		return nil
	}
	out := h.Expunged
	if names := e.Names(); slices.ContainsFunc(out, func(d schema.Digest) bool { return slices.Contains(names, d) }) {
		out = slices.DeleteFunc(slices.Clone(out), func(d schema.Digest) bool { return slices.Contains(names, d) })
	}
	if e.Kind == Expunge && !slices.Contains(out, e.Order.Blob) {
		out = append(slices.Clone(out), e.Order.Blob)
	}
	return out
}

// WasUsed reports whether a request was carried out already, by the digest of its statement, and by which entry.
func (h Head) WasUsed(statement schema.Digest) (seq int64, used bool) {
	for _, u := range h.Used {
		if u.Statement == statement {
			return u.Seq, true
		}
	}
	return 0, false
}

// foldControl puts what an entry seals in force. What was held is judged anew under it.
func foldControl(c ControlState, e Entry) ControlState {
	next := ControlState{Seq: e.Seq, Commit: e.Seal.Commit, Manifest: e.Seal.Control, Trust: e.Seal.Trust, Regrouped: c.Regrouped}
	if e.Seal.Regroups {
		next.Regrouped = e.Seq
	}
	next.Taken = foldTaken(c.Taken, e)
	return next
}

// foldTaken notes which targets an entry takes up. Stages and targets that are gone are kept: they may come back.
func foldTaken(taken map[schema.StageName]map[string]int64, e Entry) map[schema.StageName]map[string]int64 {
	if len(e.Seal.Takes) == 0 {
		return taken
	}
	out := make(map[schema.StageName]map[string]int64, len(taken)+len(e.Seal.Takes))
	maps.Copy(out, taken)
	for stage, targets := range e.Seal.Takes {
		of := maps.Clone(out[stage])
		if of == nil {
			of = map[string]int64{}
		}
		for _, t := range targets {
			of[t] = e.Seq
		}
		out[stage] = of
	}
	return out
}

func foldSuspended(suspended map[schema.StageName]Suspension, e Entry) map[schema.StageName]Suspension {
	out := maps.Clone(suspended)
	if e.Kind == Resume {
		delete(out, e.Stage)
		return out
	}
	if out == nil {
		out = map[schema.StageName]Suspension{}
	}
	out[e.Stage] = Suspension{Seq: e.Seq, Since: e.At, Until: e.Order.Until}
	return out
}

// FoldRefs returns what was last seen of the refs after an entry. A ref that did not move forward keeps its last seen
// position, so that the next look still compares with it (RULES R5).
func FoldRefs(r Refs, e Entry) Refs {
	if e.Kind == Genesis {
		return Refs{Seen: maps.Clone(e.Seal.Refs)}
	}
	if e.Ref == "" {
		return r
	}
	if e.Kind == Observe && (e.Code == NonFastForward || e.Code == RefMissing) {
		r.Incident = maps.Clone(r.Incident)
		if r.Incident == nil {
			r.Incident = map[string]Incident{}
		}
		r.Incident[e.Ref] = Incident{Seq: e.Seq, Code: e.Code, New: e.New, At: e.At}
		return r
	}
	if e.New.IsZero() {
		return r
	}
	r.Seen = maps.Clone(r.Seen)
	if r.Seen == nil {
		r.Seen = map[string]schema.Hash{}
	}
	r.Seen[e.Ref] = e.New
	if e.Kind == Observe {
		r.Incident = maps.Clone(r.Incident)
		delete(r.Incident, e.Ref)
	}
	return r
}

// FoldSealed returns the state of a cell that genesis, or a control entry for a new stage, seals as it was found. A cell
// that has an admission already keeps it: sealing never replaces a judged one.
func FoldSealed(s State, e Entry, c SealedCell) State {
	if s.Admitted.Seq > 0 {
		return s
	}
	s.Stage, s.App = c.Stage, c.App
	s.enter(Admission{
		Seq: e.Seq, Revision: c.Revision, Content: c.Content, Manifest: c.Manifest,
		Commit: c.Commit, At: e.At, Required: c.Required, Full: true,
	})
	return s
}
