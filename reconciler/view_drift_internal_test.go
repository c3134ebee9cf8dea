package reconciler

import (
	"reflect"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestAViewOfDriftNamesKeysPeopleAndTheTime(t *testing.T) {
	at := time.Date(2026, 11, 28, 19, 38, 20, 0, time.UTC)
	seen := at.Add(-time.Hour)
	keys := []ledger.DriftKey{{Key: "a", Op: "changed", By: "mallory"}, {Key: "b", Op: "deleted", By: "mallory"}, {Key: "c", Op: "foreign"}, {Key: "d", Op: "changed", By: "eve"}}
	for _, row := range []struct {
		sentence string
		entry    ledger.Entry
		want     schema.DriftView
	}{
		{"the first keys, and how many there are", ledger.Entry{Seq: 12, At: at, Delivery: &ledger.Delivery{Keys: keys}},
			schema.DriftView{Seq: 12, At: at, Count: 4, Keys: []string{"a changed", "b deleted", "c foreign"}, By: "mallory, eve"}},
		{"of a target that does not tell who", ledger.Entry{Seq: 12, At: at, Delivery: &ledger.Delivery{Keys: keys[2:3]}},
			schema.DriftView{Seq: 12, At: at, Count: 1, Keys: []string{"c foreign"}}},
		{"what was seen while the ledger was away has the time of that", ledger.Entry{Seq: 12, At: at, ObservedAt: &seen, Delivery: &ledger.Delivery{}},
			schema.DriftView{Seq: 12, At: seen}},
	} {
		if got := driftView(row.entry); !reflect.DeepEqual(*got, row.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", row.sentence, *got, row.want)
		}
	}
}
