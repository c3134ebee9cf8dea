package reconciler

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestForeignKeysAreSeenUntilTheyAreGone: in the view as long as a comparison finds them, in the log once for each set of them.
func TestForeignKeysAreSeenUntilTheyAreGone(t *testing.T) {
	var log bytes.Buffer
	cell := schema.Cell{Stage: "gray", App: "pay"}
	r := &Reconciler{cfg: Config{Log: plainLog(&log)}, strangers: map[deliveryKey][]string{}}
	p := &pass{Reconciler: r}
	j := job{state: ledger.State{Stage: cell.Stage, App: cell.App}, target: schema.StageTarget{Name: "etcd"}}
	for _, row := range []struct {
		sentence string
		found    []string
		want     *schema.ForeignView
		lines    int // in the log, so far
	}{
		{"nobody else's", nil, nil, 0},
		{"the first few are named", []string{"a", "b", "c", "d"}, &schema.ForeignView{Count: 4, Keys: []string{"a", "b", "c"}}, 1},
		{"the same are not logged again", []string{"a", "b", "c", "d"}, &schema.ForeignView{Count: 4, Keys: []string{"a", "b", "c"}}, 1},
		{"others are", []string{"b"}, &schema.ForeignView{Count: 1, Keys: []string{"b"}}, 2},
		{"until they are gone", nil, nil, 2},
	} {
		p.tellForeign(j, integrations.Observation{Foreign: row.found})
		ledgers := schema.View{Apps: []schema.AppView{{Cells: []schema.CellView{{Cell: cell, Targets: []schema.TargetView{{Name: "files"}, {Name: "etcd"}}}}}}}
		v := ledgers
		r.withForeign(&v)
		got := v.Apps[0].Cells[0].Targets
		if f := got[1].Foreign; got[0].Foreign != nil || (f == nil) != (row.want == nil) || f != nil && (f.Count != row.want.Count || !slices.Equal(f.Keys, row.want.Keys)) {
			t.Errorf("%s: %+v", row.sentence, f)
		}
		if ledgers.Apps[0].Cells[0].Targets[1].Foreign != nil {
			t.Errorf("%s: the ledger's own view was changed", row.sentence)
		}
		if n := strings.Count(log.String(), "found keys that sluice never wrote"); n != row.lines {
			t.Errorf("%s: %d lines:\n%s", row.sentence, n, log.String())
		}
	}
}

// TestUnreadCheckpointsAreToldOnce: an outage lasts for many passes. That others are compared is said where there are others.
func TestUnreadCheckpointsAreToldOnce(t *testing.T) {
	var log bytes.Buffer
	p := &pass{Reconciler: &Reconciler{cfg: Config{Log: plainLog(&log)}}}
	refused := errors.New("refused")
	for range 3 {
		p.tellUnread(refused)
	}
	const none = `level=WARN msg="the ledger is compared with no checkpoint that targets keep: none could be read" error=refused`
	if got := strings.TrimSpace(log.String()); got != none {
		t.Errorf("one target, for three passes:\n%s", got)
	}
	log.Reset()
	p.marks = map[string][]byte{"other": []byte("mark")}
	p.tellUnread(errors.New("no answer"))
	if !strings.Contains(log.String(), "with the checkpoints of the other targets alone") {
		t.Errorf("where another has one: %s", log.String())
	}
}
