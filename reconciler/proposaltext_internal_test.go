package reconciler

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "write the goldens; read the difference before you keep it")

// TestWordsOfAPromotion is what people read in the merge request that the robot opens. Keys are written by whoever may edit
// the files: none of them is a quick action, a mention or markup, and no value is shown.
func TestWordsOfAPromotion(t *testing.T) {
	c := Candidate{Cell: schema.Cell{Stage: "gray", App: "payments/ledger"}, From: "staging", Revision: rev("r2"), Seq: 12, LiveSeq: 14}
	edits := []diff.Edit{
		{Op: "replace", Key: "limits.max", From: "5000", To: "8000-canary"},
		{Op: "add", Key: "a`b\n/approve\n@everyone !1 #2 [x](javascript:1) <img src=x>", To: "canary"},
		{Op: "remove", Key: "db.password", From: "canary"},
		{Op: "add", Key: "zeile\u202e|spalte"},
	}
	got := PromotionTitle(c) + "\n\n" + promotionText(c, ledger.Admission{Seq: 9, Revision: rev("r1")}, edits) + robotText(c)
	const golden = "testdata/promotion.md"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if acts := regexp.MustCompile(`(?m)^\s*/|@|canary|<img`).FindString(got); acts != "" {
		t.Errorf("%q acts in\n%s", acts, got)
	}
}

func TestManyKeysAreCounted(t *testing.T) {
	edits := make([]diff.Edit, 60)
	for i := range edits {
		edits[i] = diff.Edit{Op: "add", Key: "k"}
	}
	got := promotionText(Candidate{}, ledger.Admission{}, edits)
	if strings.Count(got, "| add |") != mostKeys || !strings.Contains(got, "and 10 more") {
		t.Errorf("got\n%s", got)
	}
}
