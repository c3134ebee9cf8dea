package integrations_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

func TestParseReport(t *testing.T) {
	const good = `{"v":1,"instance":"pod-3","service":"pay","labels":{"zone":"a"},"seq":7,"revision":"sha256:aa","content":"sha256:bb","doc":"sha256:cc","origin":"live","refused":9,"why":"rejected","at":"2026-11-23T10:00:00Z","later":"field"}`
	change := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("%s does not occur", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	labels := make([]string, 40)
	for i := range labels {
		labels[i] = fmt.Sprintf(`"l%d":"x"`, i)
	}
	for _, r := range []struct {
		sentence string
		raw      string
		ok       bool
	}{
		{"as a provider writes it, with a field of a later version", good, true},
		{"in the place of another", change(`"pod-3"`, `"pod-4"`), false},
		{"a name that a terminal obeys", change(`"service":"pay"`, `"service":"\u001b[2J"`), false},
		{"a name that turns the text around", change(`"service":"pay"`, `"service":"\u202e"`), false},
		{"a name with markup", change(`"zone":"a"`, `"zone":"<b>"`), false},
		{"a content that is a sentence", change(`"sha256:bb"`, `"all is well"`), false},
		{"a reason in its own words", change(`"rejected"`, `"trust me"`), false},
		{"another version", change(`"v":1`, `"v":2`), false},
		{"a time that is none", change(`"2026-11-23T10:00:00Z"`, `"now"`), false},
		{"no time", change(`,"at":"2026-11-23T10:00:00Z"`, ``), false},
		{"an entry before the first", change(`"seq":7`, `"seq":-7`), false},
		{"more labels than anybody has", change(`{"zone":"a"}`, "{"+strings.Join(labels, ",")+"}"), false},
		{"too long", change(`"pay"`, `"pay","x":"`+strings.Repeat("x", integrations.MaxReportBytes)+`"`), false},
		{"no JSON", "hello", false},
		{"nothing", "", false},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			got, err := integrations.ParseReport("pod-3", []byte(r.raw))
			if (err == nil) != r.ok {
				t.Fatalf("got %+v, %v", got, err)
			}
			if r.ok && (got.Instance != "pod-3" || got.Seq != 7 || got.Content != "sha256:bb" || got.Refused != 9 || got.Why != "rejected" || got.Labels["zone"] != "a") {
				t.Errorf("got %+v", got)
			}
			var c integrations.Collected
			c.Add("pod-3", []byte(r.raw))
			if len(c.Reports)+c.Unread != 1 || (c.Unread == 0) != r.ok {
				t.Errorf("collected %+v", c)
			}
		})
	}
}
