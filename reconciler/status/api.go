package status

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// apiHead is what every answer of the API begins with: as of when it is true.
type apiHead struct {
	AsOf   time.Time `json:"as_of"`
	Looked time.Time `json:"looked,omitzero"`
	Stale  bool      `json:"stale"`
	Ledger int64     `json:"ledger"`
	// Reconciler is unknown where the ledger alone was read; empty where a reconciler answers.
	Reconciler string `json:"reconciler,omitempty"`
	// Doubt is what speaks against the ledger, and with it against the answer.
	Doubt []schema.Code `json:"doubt,omitempty"`
}

// mostItems is how many items an answer has at most.
const mostItems = 200

// apiMaker makes an answer, or a problem.
type apiMaker func(asked) (any, *problem)

// api answers with JSON. Its shapes are those of openapi.yaml, which tests hold every answer to.
func (s *site) api(make apiMaker, known ...filter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.cfg.View()
		if v == nil {
			w.Header().Set("Retry-After", "2")
			s.problem(w, r, problem{Title: "nothing is known yet", Status: http.StatusServiceUnavailable, Detail: startingText(s.cfg)})
			return
		}
		q, torn := readAddress(r.URL.RawQuery)
		req := asked{ctx: r.Context(), cfg: s.cfg, view: *v, now: s.cfg.Now(), path: r.PathValue, q: q, torn: torn}
		if wrong := req.refused(known); wrong != nil {
			s.problem(w, r, *wrong)
			return
		}
		out, trouble := make(req)
		if trouble != nil {
			s.problem(w, r, *trouble)
			return
		}
		body, err := json.Marshal(out)
		if err != nil {
			s.broken(w, r, err)
			return
		}
		s.send(w, r, "application/json", answerOf(append(body, '\n')))
	}
}

func (req asked) head() apiHead {
	v := req.view
	head := apiHead{AsOf: v.At.UTC(), Looked: v.Looked.UTC(), Stale: v.Stale(req.now), Ledger: v.Ledger.Size, Doubt: doubt(v)}
	if v.Alone != nil {
		head.Reconciler = string(unknown)
	}
	return head
}

// limit reads how many items are wanted.
func (req asked) limit() (int, *problem) {
	text := req.q.Get("limit")
	if text == "" {
		return 50, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostItems {
		return 0, &problem{Title: "limit is not a number from 1 to 200", Status: http.StatusBadRequest}
	}
	return n, nil
}

func versionJSON(req asked) (any, *problem) {
	return struct {
		apiHead
		Version string `json:"version"`
	}{req.head(), req.cfg.Version}, nil
}
