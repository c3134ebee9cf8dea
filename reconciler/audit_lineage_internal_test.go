package reconciler

import (
	"strings"
	"testing"
)

func TestEachFileOfAnAdmissionIsWhereItComesFrom(t *testing.T) {
	has := func(text string) namedSource { return namedSource{files: filesOfText(text)} }
	gone := func(text string) namedSource { return namedSource{files: filesOfText(text), removed: true} }
	for _, r := range []struct {
		sentence string
		from, to string
		unknown  bool
		named    map[string]namedSource
		want     string // the files that come from nowhere; - before one that goes
	}{
		{sentence: "the same", from: "app=1 lim=1", to: "app=1 lim=1"},
		{sentence: "one with other bytes", from: "app=1 lim=1", to: "app=1 lim=2", want: "lim"},
		{sentence: "one more", from: "app=1", to: "app=1 lim=1", want: "lim"},
		{sentence: "one that was left out", from: "app=1 lim=1", to: "app=1", want: "-lim"},
		{sentence: "named, and so there", from: "app=1", to: "app=2", named: map[string]namedSource{"app": has("app=2 lim=7")}},
		{sentence: "named, and not so there", from: "app=1", to: "app=2", named: map[string]namedSource{"app": has("app=3")}, want: "app"},
		{sentence: "named as it was, and not so there", from: "app=1", to: "app=1", named: map[string]namedSource{"app": has("app=3")}, want: "app"},
		{sentence: "named from an admission that there is not", from: "app=1", to: "app=2", named: map[string]namedSource{"app": {}}, want: "app"},
		{sentence: "gone, and gone there", from: "app=1 lim=1", to: "app=1", named: map[string]namedSource{"lim": gone("app=1")}},
		{sentence: "gone, and still there", from: "app=1 lim=1", to: "app=1", named: map[string]namedSource{"lim": gone("app=1 lim=1")}, want: "-lim"},
		{sentence: "gone, by an admission that there is not", from: "app=1 lim=1", to: "app=1", named: map[string]namedSource{"lim": {removed: true}}, want: "-lim"},
		{
			sentence: "gone, and not there yet", from: "app=1 lim=1", to: "app=1",
			named: map[string]namedSource{"lim": {files: filesOfText("app=1"), removed: true, late: true}}, want: "-lim",
		},
		{sentence: "gone, and named as if it came", from: "app=1 lim=1", to: "app=1", named: map[string]namedSource{"lim": has("app=1")}, want: "-lim"},
		{sentence: "there, and named as if it went", from: "app=1 lim=1", to: "app=1 lim=1", named: map[string]namedSource{"lim": gone("app=1")}, want: "lim"},
		{sentence: "what was here is not vouched for, and nothing else is named", from: "app=1 lim=1", to: "app=1", unknown: true, want: "app -lim"},
		{sentence: "not vouched for, and named", from: "app=1", to: "app=1", unknown: true, named: map[string]namedSource{"app": has("app=1")}},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			var got []string
			for _, f := range (parentage{from: filesOfText(r.from), to: filesOfText(r.to), known: !r.unknown, named: r.named}).unfounded() {
				name := f.path
				if !f.there {
					name = "-" + name
				}
				got = append(got, name)
			}
			if strings.Join(got, " ") != r.want {
				t.Errorf("got %v, want %s", got, r.want)
			}
		})
	}
}
