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

// testimony is the evidence blob of a decision that rests on a merge request: what the forge said, as the policies saw it, and
// which raw answers it was read from. Approvals at level observed can be judged again from it.
type testimony struct {
	V            int                 `json:"v"` // 1
	MergeRequest schema.MergeRequest `json:"merge_request"`
	Raw          []schema.Raw        `json:"raw"` // each body is an evidence blob
}

func encodeTestimony(mr schema.MergeRequest) ([]byte, error) {
	data, err := json.Marshal(testimony{V: 1, MergeRequest: mr, Raw: mr.Raw})
	if err != nil {
		return nil, fmt.Errorf("answers about !%d: %w", mr.IID, err)
	}
	return append(data, '\n'), nil
}

// decodeTestimony reads what encodeTestimony wrote; fields that are not known are an error, as they may change what it says.
func decodeTestimony(data []byte) (testimony, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var a testimony
	if err := dec.Decode(&a); err != nil {
		return testimony{}, fmt.Errorf("answers of the forge: %w: %w", ledger.ErrUnknownFormat, err)
	}
	if _, err := dec.Token(); err != io.EOF || a.V != 1 {
		return testimony{}, fmt.Errorf("answers of the forge: %w: version %d", ledger.ErrUnknownFormat, a.V)
	}
	return a, nil
}

// recorded returns the merge request as the entry recorded it, nil if it names none. Where a reader is given, the raw answers
// have to say the same.
func (r *replay) recorded(ctx context.Context, a *appended, e ledger.Entry) (*schema.MergeRequest, []ledger.Finding) {
	named := e.Decision.MergeRequest
	if named == nil {
		return nil, nil
	}
	if named.Answers == "" {
		return nil, lacking(entryPlace(e), fmt.Errorf("the entry names no answers of the forge about !%d", named.IID))
	}
	data, err := a.After.Evidence(ctx, named.Answers)
	if err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	read, err := decodeTestimony(data)
	if err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	mr := read.MergeRequest
	if r.factsAlone {
		return &mr, nil
	}
	for _, raw := range read.Raw {
		if raw.Body, err = a.After.Evidence(ctx, raw.Digest); err != nil {
			return nil, lacking(entryPlace(e), fmt.Errorf("%s: %w", schema.Printable(raw.Request), err))
		}
		mr.Raw = append(mr.Raw, raw)
	}
	return &mr, r.reread(e, mr)
}

// reread compares what was judged with what the raw answers say.
func (r *replay) reread(e ledger.Entry, mr schema.MergeRequest) []ledger.Finding {
	if r.options.Reread == nil {
		return nil
	}
	again, err := r.options.Reread(mr)
	if err != nil {
		return mismatch(entryPlace(e), "the forge's raw answers about !%d do not say what was judged: %v", mr.IID, err)
	}
	var found []string
	compareJSON("", asJSON(mr), asJSON(again), &found)
	if len(found) > 0 {
		return mismatch(entryPlace(e), "the forge's raw answers about !%d do not say what was judged: %s", mr.IID, found[0])
	}
	return nil
}

// recordedApprovals reads the approvals by signature that a decision judged, counted or not, from the tags that it keeps.
func (r *replay) recordedApprovals(ctx context.Context, a *appended, e ledger.Entry) ([]approvalTag, error) {
	out := []approvalTag{}
	for _, d := range e.Decision.Tags {
		raw, err := a.After.Evidence(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("approval by signature: %w", err)
		}
		tag, err := requestIn(raw)
		if err != nil {
			return nil, fmt.Errorf("approval by signature: %w", err)
		}
		statement, err := schema.ParseApproval(tag.request)
		if err != nil {
			return nil, fmt.Errorf("approval by signature: %w", err)
		}
		out = append(out, approvalTag{tag, statement})
	}
	return out, nil
}
