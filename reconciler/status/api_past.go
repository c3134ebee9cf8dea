package status

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

type apiRecords struct {
	apiHead
	Read    int64       `json:"read"` // entries of the ledger that are known
	Records []apiRecord `json:"records"`
	Next    int64       `json:"next,omitempty"` // for before=
}

// apiRecord is an entry with the address of its merge request.
type apiRecord struct {
	schema.Record
	URL string `json:"url,omitempty"`
}

func listRecords(req asked) (any, *problem) {
	limit, trouble := req.limit()
	if trouble != nil {
		return nil, trouble
	}
	out, q := apiRecords{apiHead: req.head(), Records: []apiRecord{}}, readPastQuery(req.q)
	if req.view.Journal == nil {
		return out, nil
	}
	out.Read = req.view.Journal.Read
	for _, r := range slices.Backward(req.view.Journal.Records) {
		if !q.wants(r, req.view.At) {
			continue
		}
		if len(out.Records) == limit {
			out.Next = out.Records[limit-1].Seq
			break
		}
		out.Records = append(out.Records, apiRecord{r, requestLink(req.view, r.MergeRequest)})
	}
	return out, nil
}

// entryNumber reads the number of an entry as it is written in addresses: each has one alone. 0, which no entry has, is none.
func entryNumber(text string) int64 {
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(seq, 10) != text {
		return 0
	}
	return seq
}

func oneRecordJSON(req asked) (any, *problem) {
	seq := entryNumber(req.path("seq"))
	r, ok := req.view.Journal.Record(seq)
	if !ok {
		return nil, &problem{Title: "there is no such entry here", Status: http.StatusNotFound, Detail: fmt.Sprintf("sluice audit show has every entry of the ledger, which has %d", req.view.Ledger.Size)}
	}
	return struct {
		apiHead
		apiRecord
	}{req.head(), apiRecord{r, requestLink(req.view, r.MergeRequest)}}, nil
}

type apiTransition struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Count   int    `json:"count"`
	Refused int    `json:"refused"`
	Allowed bool   `json:"allowed"`
	// P50 and P95 are how long what was let in took at most, half of it and 95 of 100; nil where that is not known of any.
	P50 *int `json:"p50_seconds,omitempty"`
	P95 *int `json:"p95_seconds,omitempty"`
}

type apiTransitions struct {
	apiHead
	Window      string          `json:"window"`
	Since       time.Time       `json:"since,omitzero"` // the first entry that is kept
	Transitions []apiTransition `json:"transitions"`
}

func listTransitions(req asked) (any, *problem) {
	window := req.q.Get("window")
	if window == "" {
		window = "30d"
	}
	out := apiTransitions{apiHead: req.head(), Window: window, Transitions: []apiTransition{}}
	if req.view.Journal == nil {
		return out, nil
	}
	out.Since = req.view.Journal.Since.UTC()
	result := req.q.Get("result")
	took := map[[2]schema.StageName][]time.Duration{}
	if result == "" || result == schema.Passed {
		took = tookAlong(req.view, windows[window])
	}
	counts, _ := countTransitions(req.view, windows[window], result)
	nodes := slices.Concat([]schema.StageName{schema.DraftNode}, req.view.Stages, []schema.StageName{schema.ArchiveNode})
	for _, from := range nodes {
		for _, to := range nodes {
			c := counts[[2]schema.StageName{from, to}]
			if ok := allowed(req.view, from, to); ok || !c.none() {
				one := apiTransition{From: string(from), To: string(to), Count: c.N, Refused: c.Refused, Allowed: ok}
				if all := took[[2]schema.StageName{from, to}]; len(all) > 0 {
					p50, p95 := wholeSeconds(quantile(all, 0.5)), wholeSeconds(quantile(all, 0.95))
					one.P50, one.P95 = &p50, &p95
				}
				out.Transitions = append(out.Transitions, one)
			}
		}
	}
	return out, nil
}

func listPolicies(req asked) (any, *problem) {
	steps := []schema.StepView{}
	for _, s := range req.view.Steps {
		if s.Policies == nil {
			s.Policies = []schema.PolicySpec{}
		}
		steps = append(steps, s)
	}
	return struct {
		apiHead
		Always []string          `json:"always"`
		Steps  []schema.StepView `json:"steps"`
	}{req.head(), schema.FixedPolicies, steps}, nil
}

func checkpointJSON(req asked) (any, *problem) {
	return struct {
		apiHead
		Tip string    `json:"tip,omitempty"` // who sees a part is not told it
		At  time.Time `json:"at,omitzero"`
	}{req.head(), hashOrEmpty(req.view.Ledger.Tip), req.view.Ledger.At.UTC()}, nil
}
