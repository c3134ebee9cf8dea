package reconciler

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// filesOfText reads "app=1 limits=2" as two files with these contents.
func filesOfText(text string) map[string]schema.File {
	out := map[string]schema.File{}
	for _, word := range strings.Fields(text) {
		path, data, _ := strings.Cut(word, "=")
		out[path] = schema.File{Path: path, Mode: schema.Regular, Digest: schema.DigestOf([]byte(data))}
	}
	return out
}

func manifestOfText(text string) schema.Manifest {
	var out schema.Manifest
	for _, f := range filesOfText(text) {
		out = append(out, f)
	}
	return out
}

// filesAdmitted is a stage in which each text was admitted and live for an hour; "!" before it is one that was rolled back from,
// "?" one whose manifest is gone. Each has an author of its own: a1, a2, ...
func filesAdmitted(texts ...string) filePast {
	past := filePast{stage: "staging"}
	for i, text := range texts {
		at := monday.Add(time.Duration(i) * time.Hour)
		a := ledger.Admission{Seq: int64(10 * (i + 1)), LiveSeq: int64(10*(i+1) + 1), LiveAt: at, Soaked: 3_600_000, Authors: []string{"a" + string(rune('1'+i))}}
		code, files := schema.Code(""), filesOfText(strings.TrimLeft(text, "!?"))
		if strings.HasPrefix(text, "!") {
			code = "withdrawn"
		}
		if strings.HasPrefix(text, "?") {
			files = nil
		}
		past.state.Revisions = append(past.state.Revisions, a)
		past.files, past.usable = append(past.files, files), append(past.usable, code)
	}
	if n := len(past.state.Revisions); n > 0 {
		past.state.Admitted = past.state.Revisions[n-1]
	}
	return past
}

func TestEachFileHasToHaveBeenLiveInTheStageBefore(t *testing.T) {
	for _, r := range []struct {
		sentence string
		past     []string
		from, to string
		sources  string // path@entry, - before one that goes
		unproven string // path[why]
	}{
		{"each from another revision", []string{"app=1 lim=1", "app=2 lim=1", "app=3 lim=2"}, "app=1 lim=1", "app=2 lim=2", "app@20 lim@30", ""},
		{"one that was never there", []string{"app=1 lim=1", "app=2 lim=2"}, "app=1 lim=1", "app=2 lim=9", "app@20", "lim[override]"},
		{"one that does not change is not asked", []string{"app=2"}, "app=1 own=7", "app=2 own=7", "app@10", ""},
		{"the newest that has it", []string{"app=1", "app=2", "app=2 lim=1"}, "app=1", "app=2 lim=1", "app@30 lim@30", ""},
		{"one that was only in what was rolled back from", []string{"app=1 lim=1", "!app=1 lim=2"}, "app=1 lim=1", "app=1 lim=2", "", "lim[withdrawn]"},
		{"rolled back from, and before that it was fine", []string{"app=2", "!app=2 lim=2"}, "app=1", "app=2", "app@10", ""},
		{"one whose manifest was expunged", []string{"app=1", "?app=2"}, "app=1", "app=2", "", "app[override]"},
		{"one that goes, and went there", []string{"app=1 lim=1", "app=1"}, "app=1 lim=1", "app=1", "-lim@20", ""},
		{"one that goes, and was not there yet", []string{"app=1", "app=1 lim=1"}, "app=1 lim=1", "app=1", "", "lim[override]"},
		{"one that goes, and never was there", []string{"app=1", "app=2"}, "app=1 own=1", "app=2", "app@20 -own@20", ""},
		{"one that goes where nothing was admitted", nil, "app=1 lim=1", "app=1", "", "lim[override]"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			past := filesAdmitted(r.past...)
			wanted := history{}.wanted(manifestOfText(r.from), manifestOfText(r.to))
			sources, problems := past.sources(wanted)
			var got, bad []string
			for _, s := range sources {
				name := s.Path
				if s.Removed {
					name = "-" + name
				}
				got = append(got, name+"@"+itoa(s.Seq))
			}
			for _, p := range problems {
				bad = append(bad, p.Path+"["+string(p.Code)+"]")
			}
			if strings.Join(got, " ") != r.sources || strings.Join(bad, " ") != r.unproven {
				t.Errorf("got %v and not %v, want %s and not %s", got, bad, r.sources, r.unproven)
			}
		})
	}
}

func itoa(n int64) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

func TestWhatIsAdmittedByAnEmergencyIsNotTakenForGranted(t *testing.T) {
	files := manifestOfText("app=1 lim=1")
	for _, r := range []struct {
		sentence string
		own      ledger.State
		want     int
	}{
		{"admitted by its gate", past(full("r1")), 0},
		{"let in by break-glass, not reviewed", past(flagged("r1", ledger.Unreviewed)), 2},
		{"tainted", past(flagged("r1", ledger.Tainted)), 2},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			if got := (history{own: r.own}).wanted(files, files); len(got) != r.want {
				t.Errorf("got %v, want %d files that have to come from a stage before", got, r.want)
			}
		})
	}
}

func TestFilesSoakThroughWhatLeavesThemAsTheyWere(t *testing.T) {
	past := filesAdmitted("app=1 lim=1", "app=2 lim=1", "app=2 lim=2", "app=3 lim=2")
	wanted := history{}.wanted(manifestOfText("app=1 lim=1"), manifestOfText("app=2 lim=2"))
	sources, _ := past.sources(wanted)
	got := past.weakest(sources, wanted, history{now: monday.Add(9 * time.Hour)})
	// app lived in entries 20 and 30, lim in 30 and 40: both two hours, lim since 31.
	if got.Seq != 40 || got.LiveSeq != 31 || !got.LiveAt.Equal(monday.Add(2*time.Hour)) || got.Soaked != 2*time.Hour || got.Stage != "staging" {
		t.Errorf("got %+v, want entry 40, live since 31, two hours", got)
	}
}

func TestTheWeakestFileSaysHowLongAPromotionSoaks(t *testing.T) {
	past := filesAdmitted("app=1", "app=1", "app=1 lim=1")
	past.state.Revisions[2].SoakingSince = monday.Add(2 * time.Hour)
	wanted := history{}.wanted(nil, manifestOfText("app=1 lim=1"))
	sources, _ := past.sources(wanted)
	if got := past.weakest(sources, wanted, history{now: monday.Add(3 * time.Hour)}); got.Soaked != 2*time.Hour {
		t.Errorf("got %v, want the two hours of lim", got.Soaked)
	}
}

func TestPeopleOfAFileAreThoseWhoChangedIt(t *testing.T) {
	past := filesAdmitted("app=1 lim=1", "app=2 lim=1", "app=2 lim=2", "app=3 lim=3")
	for _, r := range []struct {
		sentence, path, was string
		upTo                int
		want                []string
	}{
		{"who changed another file is not one", "app", "app=1 lim=1", 2, []string{"a2"}},
		{"everybody since it was as it is here", "lim", "app=1 lim=1", 3, []string{"a4", "a3"}},
		{"all of them where it never was as it is here", "lim", "lim=9", 2, []string{"a3", "a1"}},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			was, there := filesOfText(r.was)[r.path]
			if got := past.changedBy(r.upTo, r.path, oneFile{r.path, was, there}); !slices.Equal(got, r.want) {
				t.Errorf("got %v, want %v", got, r.want)
			}
		})
	}
}
