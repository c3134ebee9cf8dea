package status_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestARefusalSaysWhatIsKnownOfIt: how much it was, what the target takes, and what it named.
func TestARefusalSaysWhatIsKnownOfIt(t *testing.T) {
	for _, row := range []struct {
		code    schema.Code
		refused *schema.Refusal
		want    string
	}{
		{"too-large", &schema.Refusal{Size: 700_000, Limit: 524_288}, "etcd: cannot hold so much: 700000 bytes, the limit is 524288"},
		{"too-large", &schema.Refusal{Size: 700_000}, "etcd: cannot hold so much: 700000 bytes"},
		{"too-large", &schema.Refusal{What: "metadata.annotations", Limit: 262_144}, "etcd: cannot hold so much in metadata.annotations, the limit is 262144"},
		{"too-large", nil, "etcd: cannot hold so much"},
		{"target-full", &schema.Refusal{What: "quota team allows count/configmaps=5"}, "etcd: has no room left (quota team allows count/configmaps=5)"},
		{"target-invalid", &schema.Refusal{What: "data[a/b]"}, "etcd: refuses the content of data[a/b]"},
	} {
		v := sample(t)
		c := &v.Apps[0].Cells[3]
		c.Targets[0].Code, c.Targets[0].Refused = row.code, row.refused
		var why bytes.Buffer
		status.WriteWhy(&why, v, c.Cell, options())
		if !strings.Contains(why.String(), row.want+" ["+string(row.code)+"]") {
			t.Errorf("why does not say %q:\n%s", row.want, why.String())
		}
		h := site(t, &v, now)
		if text := body(t, ask(h, "GET", "/cell/gray/catalog")); !strings.Contains(text, row.want) {
			t.Errorf("the page does not say %q", row.want)
		}
		if text := body(t, ask(h, "GET", "/api/v1/cells/gray/catalog")); strings.Contains(text, `"refused":{`) != (row.refused != nil) {
			t.Errorf("%+v, and the API: %s", row.refused, text)
		}
	}
}
