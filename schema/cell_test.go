package schema_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// The grammar of RULES R3, as other programs would write it.
var segment = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func TestSegmentsHaveTheGrammarOfTheRules(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, text := range []string{
		"", "a", "0", "-", "--", "a-", "-a", "a-b", "a--b", "pay", "pay-2", "Pay", "pay_2", "pay.2", "pay/ledger", "pay\n", "\npay", " pay",
		"pây", "pay\x00", "{", "`", ":", "/", "zz9", long, long + "a", long[:62] + "-", "-" + long[:62], strings.Repeat("-", 64),
	} {
		if got, want := schema.CheckSegment(text) == nil, segment.MatchString(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"head", "rel", "kv", "consumers"} {
		if schema.CheckSegment(text) == nil {
			t.Errorf("%q is a name of the targets' own", text)
		}
	}
	for text, want := range map[string]bool{"pay": true, "pay/ledger": true, "": false, "/": false, "pay/": false, "/pay": false, "pay//ledger": false, "pay/head": false} {
		if _, err := schema.ParseApp(text); (err == nil) != want {
			t.Errorf("app %q: %v", text, err)
		}
	}
}
