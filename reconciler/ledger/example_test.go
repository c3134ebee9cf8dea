package ledger_test

import (
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// What a cell's state is follows from its entries alone: here an admission, and the read-back that makes it live.
func ExampleFold() {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	admit := ledger.Entry{
		Seq: 7, Kind: ledger.Admit, At: at, Stage: "gray", App: "payments",
		Decision: &ledger.Decision{Change: schema.Change{Kind: schema.Promote}, Required: []string{"etcd"}},
	}
	apply := ledger.Entry{
		Seq: 8, Kind: ledger.Apply, At: at.Add(time.Second), Stage: "gray", App: "payments",
		Delivery: &ledger.Delivery{Target: "etcd", Admission: 7, Result: ledger.ResultOK},
	}
	s := ledger.Fold(ledger.State{}, admit)
	fmt.Println("admitted:", s.Admitted.Seq, "live:", !s.Admitted.LiveAt.IsZero())
	s = ledger.Fold(s, apply)
	fmt.Println("admitted:", s.Admitted.Seq, "live:", !s.Admitted.LiveAt.IsZero(), "soaked:", s.Admitted.SoakedAt(at.Add(time.Minute)))
	// Output:
	// admitted: 7 live: false
	// admitted: 7 live: true soaked: 59s
}
