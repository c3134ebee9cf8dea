package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// forgeTestimony is what the forge said of a merge request, as the policies saw it, and which raw answers it was read from. Approvals
// at level observed can be judged again from it.
type forgeTestimony struct {
	V            int                 `json:"v"` // 1
	MergeRequest schema.MergeRequest `json:"merge_request"`
	Raw          []schema.Raw        `json:"raw"` // each body is an evidence blob
}

func (t forgeTestimony) version() int { return t.V }

func encodeAnswers(mr schema.MergeRequest) ([]byte, error) {
	return encodeTestimony(fmt.Sprintf("answers about !%d", mr.IID), forgeTestimony{V: 1, MergeRequest: mr, Raw: mr.Raw})
}

func decodeAnswers(data []byte) (forgeTestimony, error) {
	return decodeTestimony[forgeTestimony]("answers of the forge", data)
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
	read, err := decodeAnswers(data)
	if err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	mr := read.MergeRequest
	if r.factsAlone {
		return &mr, nil
	}
	if mr.Raw, err = withBodies(ctx, a.After, read.Raw); err != nil {
		return nil, lacking(entryPlace(e), err)
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
