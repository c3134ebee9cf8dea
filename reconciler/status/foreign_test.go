package status_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestForeignKeysStandWhereTheTargetStands: who reads all that lies there reads them too.
func TestForeignKeysStandWhereTheTargetStands(t *testing.T) {
	v := sample(t)
	c := &v.Apps[0].Cells[3]
	c.Targets[0].Foreign = &schema.ForeignView{Count: 5, Keys: []string{"<b>extra", "other", "third"}}
	const said = "etcd has 5 keys that sluice never wrote: &lt;b&gt;extra, other, third and 2 more"
	h := site(t, &v, now)
	for _, page := range []string{"/cell/gray/catalog", "/app/catalog"} {
		if text := body(t, ask(h, "GET", page)); !strings.Contains(text, said) {
			t.Errorf("%s says nothing of them:\n%s", page, text)
		}
	}
	if text := body(t, ask(h, "GET", "/api/v1/cells/gray/catalog")); !strings.Contains(text, `"foreign":{"count":5,"keys":[`) {
		t.Errorf("the API says nothing of them: %s", text)
	}
	var why bytes.Buffer
	status.WriteWhy(&why, v, c.Cell, options())
	if !strings.Contains(why.String(), "etcd has 5 keys that sluice never wrote: <b>extra, other, third and 2 more") {
		t.Errorf("why says nothing of them:\n%s", why.String())
	}
}
