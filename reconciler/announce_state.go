package reconciler

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// announced is what was said below merge requests. It is kept in the state directory and can be lost: then every open merge
// request is looked at once more, and what is said there already is not written again.
type announced struct {
	Seq      int64                    `json:"seq"` // entries of the ledger up to which were taken into account
	Requests map[int64]*announcedNote `json:"requests"`

	above  map[schema.Cell]schema.AboveView // what was not judged because of what waits below it, and was taken into account
	tags   map[schema.Hash]bool             // approvals by signature that were taken into account
	denied time.Time                        // until when it is not tried, after the forge refused
}

// announcedNote is what is known of one merge request.
type announcedNote struct {
	Head    schema.Hash      `json:"head,omitzero"`
	Updated time.Time        `json:"updated,omitzero"`
	Target  string           `json:"target,omitempty"`
	Merged  bool             `json:"merged,omitempty"`
	Cells   []schema.Cell    `json:"cells,omitempty"`   // that it changes
	Entered map[string]int64 `json:"entered,omitempty"` // by cell, the entry that let it in
	Note    int64            `json:"note,omitempty"`
	Looked  time.Time        `json:"looked,omitzero"`
	Due     time.Time        `json:"due,omitzero"` // when time alone changes what is to be said; zero: never
	News    bool             `json:"news,omitempty"`

	denied time.Time // until when it is not looked at, after the forge refused
}

// newsOfAbove marks the merge requests that the judge passed over, of which no entry speaks, and those that were passed over before.
func (a *announced) newsOfAbove(over map[schema.Cell]schema.AboveView) {
	for cell, now := range over {
		if a.above[cell] == now || now.MergeRequest == 0 {
			continue
		}
		n := a.request(now.MergeRequest)
		n.Merged = true
		n.adds(cell)
		for _, n := range a.Requests {
			n.News = n.News || slices.Contains(n.Cells, cell)
		}
	}
	a.above = maps.Clone(over)
}

func (n *announcedNote) about(app schema.App, stage schema.StageName) bool {
	return slices.ContainsFunc(n.Cells, func(c schema.Cell) bool {
		return (app == "" || c.App == app) && (stage == "" || app != "" || c.Stage == stage)
	})
}

func (n *announcedNote) adds(cell schema.Cell) {
	if !slices.Contains(n.Cells, cell) {
		n.Cells = append(n.Cells, cell)
	}
}

// request returns what is known of a merge request, and begins to know it.
func (a *announced) request(iid int64) *announcedNote {
	if a.Requests[iid] == nil {
		a.Requests[iid] = &announcedNote{News: true}
	}
	return a.Requests[iid]
}

func (r *Reconciler) announcedFile() string { return filepath.Join(r.cfg.StateDir, "notes.json") }

// recallNotes reads what was said. What cannot be read is lost.
func (r *Reconciler) recallNotes() *announced {
	if r.notes != nil {
		return r.notes
	}
	r.notes = &announced{}
	data, err := os.ReadFile(r.announcedFile())
	if err == nil {
		err = json.Unmarshal(data, r.notes)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.cfg.Log.Warn("what was said below merge requests is forgotten", "error", err)
		r.notes = &announced{}
	}
	if r.notes.Requests == nil {
		r.notes.Requests = map[int64]*announcedNote{}
	}
	r.notes.tags = map[schema.Hash]bool{}
	for iid, n := range r.notes.Requests {
		if n == nil {
			delete(r.notes.Requests, iid)
		}
	}
	return r.notes
}

func (r *Reconciler) keepNotes(a *announced, before []byte) error {
	data, err := json.Marshal(a)
	if err != nil || slices.Equal(data, before) {
		return err
	}
	if err := replaceFile(r.announcedFile(), data); err != nil {
		return fmt.Errorf("remember what was said below merge requests: %w", err)
	}
	return nil
}
