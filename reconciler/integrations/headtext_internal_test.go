package integrations

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestHeadsAreWrittenAsEncodingJSONWould also for what a head may not say: what people are told of it, and what a signature is
// looked for over, has one form as well.
func TestHeadsAreWrittenAsEncodingJSONWould(t *testing.T) {
	canary := canaryOf(&Gray{Revision: "r", Document: []byte("gray"), Rule: schema.GrayRule{Services: []string{"a<b"}, Permyriad: 7}})
	at := time.Date(2026, 3, 1, 12, 0, 0, 120_000_000, time.UTC)
	for name, h := range map[string]Head{
		"nothing at all":    {},
		"everything":        {Body{1, "p", "s", "a/b", 9, "r", "c", "sha256:0", 4, []byte{0, 255, 7}, 0, schema.Hash{1, 2}, true, canary, "sha256:1"}, at, "log-1", []byte{1}},
		"no bytes":          {Body: Body{Inline: []byte{}}, Sig: []byte{}},
		"negative numbers":  {Body: Body{V: -1, Seq: -9, Size: -3, Blobs: -2}},
		"letters to escape": {Body: Body{Project: "a<b>&\"\\\n\x00\u2028é\xff", App: ",", Prev: "\u007f"}, Key: "é"},
		"another zone":      {WrittenAt: at.In(time.FixedZone("", 5400))},
		"a whole second":    {WrittenAt: at.Truncate(time.Second)},
	} {
		text, err := h.text()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, err := json.Marshal(h.Body)
		if err != nil || string(text)+"}" != string(body) {
			t.Errorf("%s: got %s}, want %s, %v", name, text, body, err)
		}
		want, err := json.Marshal(h)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := h.Encode(); err != nil || string(got) != string(want) {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, want)
		}
	}
	for _, year := range []int{-1, 10_000} {
		if got, err := (Head{WrittenAt: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}).Encode(); err == nil {
			t.Errorf("written in the year %d: %s", year, got)
		}
	}
}

func TestADocumentsDigestIsComputedWhereNobodyGivesIt(t *testing.T) {
	want := Release{Document: []byte("{}")}
	given := want
	given.Doc = schema.DigestOf(want.Document)
	if a, b := NewBody(want, true), NewBody(given, true); !a.Equal(b) || a.Doc != given.Doc {
		t.Errorf("computed %+v, given %+v", a, b)
	}
}
