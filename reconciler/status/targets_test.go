package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestATargetThatIsAmissIsToldWhereTargetsAre: the header, the health page and the list of what needs attention name it, with its code and what to do.
func TestATargetThatIsAmissIsToldWhereTargetsAre(t *testing.T) {
	v := pastOf(sample(t))
	v.Apps, v.Compared = v.Apps[:1], ago(2*time.Second)
	if page := body(t, ask(site(t, &v, now), "GET", "/health")); !strings.Contains(page, `<span class="mark good">ok</span> <b>targets</b> last compared`) || strings.Contains(page, "target-unavailable") {
		t.Fatalf("all is well: %s", page)
	}
	for i := range v.Apps {
		for j := range v.Apps[i].Cells {
			c := &v.Apps[i].Cells[j]
			if len(c.Targets) > 0 {
				c.State, c.Targets = schema.Unverified, []schema.TargetView{{Name: "etcd", Code: "target-unavailable", Unknown: ago(2 * time.Minute)}}
			}
		}
	}
	h := site(t, &v, now)
	for path, wants := range map[string][]string{
		"/health": {`<span class="mark bad">no</span> <b>targets</b>`, "etcd: ", "not known since", `href="/errors/target-unavailable"`, "no answer from etcd"},
		"/":       {`href="/errors/target-unavailable"`, "no answer from etcd", `<span class="advice">`, "for <time"},
	} {
		page := body(t, ask(h, "GET", path))
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q: %s", path, want, page)
			}
		}
	}
}
