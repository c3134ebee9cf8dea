package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

var gray = cellIn("gray", "payments")

// story is a list of entries about gray; the one at index n is entry n+1 and happens at minute n+1.
type story []ledger.Entry

func (s story) fold() ledger.State {
	var state ledger.State
	for i, e := range s {
		e.Seq, e.At = int64(i+1), begin.Add(time.Duration(i+1)*time.Minute)
		state = ledger.Fold(state, e)
	}
	return state
}

func admit(kind schema.Kind, n int, required ...string) ledger.Entry {
	e := decided(ledger.Admit, gray, kind, n)
	e.Decision.Required = required
	return e
}

func rollback(n int, required ...string) ledger.Entry {
	e := decided(ledger.Rollback, gray, schema.Rollback, n)
	e.Decision.Required = required
	return e
}

func hold(n int) ledger.Entry { return decided(ledger.Hold, gray, schema.Promote, n) }

func applied(target string, admission int64) ledger.Entry {
	return delivered(ledger.Apply, gray, target, admission)
}

func drifted(target string, admission int64) ledger.Entry {
	return delivered(ledger.Drift, gray, target, admission)
}

func unreachable(target string, admission int64) ledger.Entry {
	e := delivered(ledger.TargetDown, gray, target, admission)
	e.Code = "unreachable"
	return e
}

func ordered(kind ledger.Kind, n int) ledger.Entry {
	e := ledger.Entry{Kind: kind, Stage: gray.Stage, App: gray.App, Order: &ledger.Order{}}
	if n > 0 {
		e.Order.Revision = side(n).Revision
	}
	return e
}

func coded(e ledger.Entry, code schema.Code) ledger.Entry {
	e.Code = code
	return e
}

// at writes a moment as the minute of the story, "-" for none.
func at(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return fmt.Sprintf("m%d", int(t.Sub(begin)/time.Minute))
}

// sentence says what a test looks at: "admitted 1 live m2 soaking m2 soaked 0 held -".
func sentence(s ledger.State) string {
	held := "-"
	if s.Held != nil {
		held = fmt.Sprintf("%d since %s", s.Held.Seq, at(s.Held.Since))
	}
	a := s.Admitted
	return fmt.Sprintf("admitted %d live %s soaking %s soaked %d held %s",
		a.Seq, at(a.LiveAt), at(a.SoakingSince), a.Soaked/60_000, held)
}

// TestWhoBroughtItInIsKept holds the state of a ledger of volumes to naming the person; the state of older forms has to stay as it was.
func TestWhoBroughtItInIsKept(t *testing.T) {
	e := decided(ledger.Admit, pay, schema.Edit, 1)
	e.Seq, e.Decision.Operator = 2, "ben"
	s := ledger.Volumes.Fold(ledger.State{}, e)
	if s.Admitted.By != "ben" || s.Revisions[0].By != "ben" {
		t.Errorf("admitted by %q, in the list by %q", s.Admitted.By, s.Revisions[0].By)
	}
	if after := ledger.Volumes.Fold(s, delivered(ledger.Apply, pay, "etcd", 2)); after.Admitted.By != "ben" {
		t.Errorf("after it was delivered by %q", after.Admitted.By)
	}
	if s := ledger.Flat.Fold(ledger.State{}, e); s.Admitted.By != "" {
		t.Errorf("a ledger of an older form gets %q", s.Admitted.By)
	}
}

func TestFoldTellsWhatIsLive(t *testing.T) {
	spooled := drifted("etcd", 1)
	earlier := begin.Add(3 * time.Minute)
	spooled.ObservedAt = &earlier
	tests := []struct {
		name string
		story
		want string
	}{
		{"nothing was ever admitted", story{hold(1)}, "admitted 0 live - soaking - soaked 0 held 1 since m1"},
		{"an admission without targets is live at once", story{admit(schema.Edit, 1)}, "admitted 1 live m1 soaking m1 soaked 0 held -"},
		{"an admission with a target is not live yet", story{admit(schema.Edit, 1, "etcd")}, "admitted 1 live - soaking - soaked 0 held -"},
		{"it is live when the target was read back", story{admit(schema.Edit, 1, "etcd"), applied("etcd", 1)}, "admitted 1 live m2 soaking m2 soaked 0 held -"},
		{"one of two targets is not enough", story{admit(schema.Edit, 1, "a", "b"), applied("a", 1)}, "admitted 1 live - soaking - soaked 0 held -"},
		{"soak runs from the last of two targets", story{admit(schema.Edit, 1, "a", "b"), applied("a", 1), applied("b", 1)}, "admitted 1 live m3 soaking m3 soaked 0 held -"},
		{"a target that is not required counts for nothing", story{admit(schema.Edit, 1, "a"), applied("other", 1)}, "admitted 1 live - soaking - soaked 0 held -"},
		{"a failed apply makes nothing live", story{admit(schema.Edit, 1, "a"), failed(applied("a", 1), "denied")}, "admitted 1 live - soaking - soaked 0 held -"},
		{"an apply of an older admission makes nothing live", story{admit(schema.Edit, 1, "a"), admit(schema.Edit, 2, "a"), applied("a", 1)}, "admitted 2 live - soaking - soaked 0 held -"},
		{"a spooled apply of an older admission changes nothing", story{admit(schema.Edit, 1, "a"), admit(schema.Edit, 2, "a"), applied("a", 2), applied("a", 1)}, "admitted 2 live m3 soaking m3 soaked 0 held -"},
		{"drift pauses the soak", story{admit(schema.Edit, 1, "etcd"), applied("etcd", 1), hold(9), hold(9), drifted("etcd", 1)}, "admitted 1 live m2 soaking - soaked 3 held 4 since m3"},
		{"drift that was spooled pauses it when it was seen", story{admit(schema.Edit, 1, "etcd"), applied("etcd", 1), hold(9), hold(9), spooled}, "admitted 1 live m2 soaking - soaked 1 held 4 since m3"},
		{"repair resumes the soak", story{admit(schema.Edit, 1, "etcd"), applied("etcd", 1), drifted("etcd", 1), applied("etcd", 1)}, "admitted 1 live m2 soaking m4 soaked 1 held -"},
		{"repair of one target does not resume while the other drifts", story{admit(schema.Edit, 1, "a", "b"), applied("a", 1), applied("b", 1), drifted("a", 1), applied("b", 1)}, "admitted 1 live m3 soaking - soaked 1 held -"},
		{"a second apply of the same does not disturb", story{admit(schema.Edit, 1, "a"), applied("a", 1), applied("a", 1)}, "admitted 1 live m2 soaking m2 soaked 0 held -"},
		{"a required target that is down pauses the soak", story{admit(schema.Edit, 1, "a"), applied("a", 1), unreachable("a", 1)}, "admitted 1 live m2 soaking - soaked 1 held -"},
		{"a target that is not required does not", story{admit(schema.Edit, 1, "a"), applied("a", 1), unreachable("b", 1), drifted("c", 1)}, "admitted 1 live m2 soaking m2 soaked 0 held -"},
		{"another target does not bring it back", story{admit(schema.Edit, 1, "a", "b"), applied("a", 1), applied("b", 1), unreachable("b", 1), applied("a", 1)}, "admitted 1 live m3 soaking - soaked 1 held -"},
		{"it resumes when the target is verified again", story{admit(schema.Edit, 1, "a"), applied("a", 1), unreachable("a", 1), applied("a", 1)}, "admitted 1 live m2 soaking m4 soaked 1 held -"},
		{"a failed apply pauses the soak", story{admit(schema.Edit, 1, "a"), applied("a", 1), failed(applied("a", 1), "denied")}, "admitted 1 live m2 soaking - soaked 1 held -"},
		{"an admission clears what was held", story{hold(1), admit(schema.Promote, 1)}, "admitted 2 live m2 soaking m2 soaked 0 held -"},
		{"a landing held again keeps its since", story{hold(1), hold(1)}, "admitted 0 live - soaking - soaked 0 held 2 since m1"},
		{"another landing begins anew", story{hold(1), hold(2)}, "admitted 0 live - soaking - soaked 0 held 2 since m2"},
		{"a denied landing is held as well", story{decided(ledger.Deny, gray, schema.Override, 1)}, "admitted 0 live - soaking - soaked 0 held 1 since m1"},
		{"content that went back settles it", story{admit(schema.Promote, 1), hold(2), coded(ledger.Entry{Kind: ledger.Observe, Stage: gray.Stage, App: gray.App}, ledger.Settled)}, "admitted 1 live m1 soaking m1 soaked 0 held -"},
		{"another cell's entry changes nothing", story{admit(schema.Promote, 1), decided(ledger.Hold, pay, schema.Edit, 2)}, "admitted 1 live m1 soaking m1 soaked 0 held -"},
	}
	for _, tt := range tests {
		if got := sentence(tt.fold()); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// list writes the admissions of a state: "1:r1 full withdrawn, 2:r2".
func list(s ledger.State) string {
	names := map[schema.Revision]string{}
	for n := range 9 {
		names[side(n).Revision] = fmt.Sprintf("r%d", n)
	}
	var parts []string
	for _, a := range s.Revisions {
		words := []string{fmt.Sprintf("%d:%s", a.Seq, names[a.Revision])}
		if a.Full {
			words = append(words, "full")
		}
		for _, f := range a.Flags {
			words = append(words, string(f))
		}
		if a.LetIn != "" {
			words = append(words, "let in by "+string(a.LetIn))
		}
		parts = append(parts, strings.Join(words, " "))
	}
	return strings.Join(parts, ", ")
}

// letIn is an entry that the mode of its stage alone let in.
func letIn(e ledger.Entry) ledger.Entry {
	e.Decision.Mode, e.Decision.Verdict = schema.Warn, schema.Verdict{Policy: "gate", Outcome: schema.Hold, Code: "unsigned"}
	return e
}

// absent is an entry that takes the app out.
func absent(e ledger.Entry) ledger.Entry {
	e.Decision.Change.To = schema.Side{Revision: schema.None, Content: schema.NoContent}
	return e
}

func TestFoldListsTheRevisions(t *testing.T) {
	tune := admit(schema.Tune, 1)
	tune.Decision.Change.To.Content = side(7).Content
	tests := []struct {
		name string
		story
		want string
	}{
		{"edits and promotions pass the full gate", story{admit(schema.Edit, 1), admit(schema.Promote, 2)}, "1:r1 full, 2:r2 full"},
		{"a tune keeps what its revision has passed", story{admit(schema.Edit, 1), tune}, "1:r1 full, 2:r1 full"},
		{"a rollback withdraws what it leaves", story{admit(schema.Edit, 1), admit(schema.Edit, 2), rollback(1)}, "1:r1 full, 2:r2 full withdrawn, 3:r1 full"},
		{"every admission of that revision", story{admit(schema.Edit, 1), admit(schema.Edit, 2), admit(schema.Edit, 3), admit(schema.Edit, 2), rollback(1)}, "1:r1 full, 2:r2 full withdrawn, 3:r3 full withdrawn, 4:r2 full withdrawn, 5:r1 full"},
		{"and what it goes past, but not what was before", story{admit(schema.Edit, 1), admit(schema.Edit, 2), admit(schema.Edit, 3), absent(admit(schema.Edit, 0)), admit(schema.Edit, 4), rollback(2)}, "1:r1 full, 2:r2 full, 3:r3 full withdrawn, 4:, 5:r4 full withdrawn, 6:r2 full"},
		{"a rollback to the same revision with its local files withdraws nothing", story{admit(schema.Edit, 1), tune, rollback(1)}, "1:r1 full, 2:r1 full, 3:r1 full"},
		{"the full gate takes a withdrawn revision back", story{admit(schema.Edit, 1), admit(schema.Edit, 2), rollback(1), admit(schema.Promote, 2)}, "1:r1 full, 2:r2 full, 3:r1 full, 4:r2 full"},
		{"an archived revision is flagged", story{admit(schema.Edit, 1), admit(schema.Edit, 2), ordered(ledger.Archive, 1)}, "1:r1 full archived, 2:r2 full"},
		{"the full gate admits it again", story{admit(schema.Edit, 1), admit(schema.Edit, 2), ordered(ledger.Archive, 1), admit(schema.Promote, 1)}, "1:r1 full, 2:r2 full, 4:r1 full"},
		{"a tainted one stays tainted", story{admit(schema.Edit, 1), ordered(ledger.Taint, 1), admit(schema.Edit, 2), admit(schema.Promote, 1)}, "1:r1 full tainted, 3:r2 full, 4:r1 full tainted"},
		{"until the roots acknowledge it", story{admit(schema.Edit, 1), ordered(ledger.Taint, 1), coded(ordered(ledger.Taint, 1), ledger.Acknowledged)}, "1:r1 full acknowledged"},
		{"and marked once more", story{admit(schema.Edit, 1), ordered(ledger.Taint, 1), coded(ordered(ledger.Taint, 1), ledger.Acknowledged), ordered(ledger.Taint, 1)}, "1:r1 full tainted"},
		{"break-glass has passed no gate", story{admit(schema.Edit, 1), decided(ledger.BreakGlass, gray, schema.Override, 2)}, "1:r1 full, 2:r2 unreviewed"},
		{"until somebody looked at it", story{admit(schema.Edit, 1), decided(ledger.BreakGlass, gray, schema.Override, 2), coded(ordered(ledger.Taint, 2), ledger.Reviewed)}, "1:r1 full, 2:r2 full"},
		{"a review of what came in by its gate changes nothing", story{admit(schema.Edit, 1), coded(ordered(ledger.Taint, 1), ledger.Reviewed)}, "1:r1 full"},
		{"break-glass with what passed its gate before", story{admit(schema.Edit, 2), admit(schema.Edit, 1), decided(ledger.BreakGlass, gray, schema.Override, 2)}, "1:r2 full, 2:r1 full, 3:r2 unreviewed"},
		{"what the mode alone let in has not", story{admit(schema.Edit, 1), letIn(admit(schema.Edit, 2))}, "1:r1 full, 2:r2 let in by warn"},
		{"until the admins adopt it", story{letIn(admit(schema.Edit, 1)), {Kind: ledger.Observe, Stage: gray.Stage, App: gray.App, Code: ledger.Adopted, Order: &ledger.Order{}}}, "1:r1 full"},
		{"and the next one is not adopted with it", story{letIn(admit(schema.Edit, 1)), {Kind: ledger.Observe, Stage: gray.Stage, App: gray.App, Code: ledger.Overwritten, Order: &ledger.Order{}}, letIn(admit(schema.Edit, 2))}, "1:r1 full, 3:r2 let in by warn"},
		{"nor has a tune of it, whatever its gate says", story{letIn(admit(schema.Edit, 1)), tune}, "1:r1 let in by warn, 2:r1 let in by warn"},
		{"nor has an edit on top of it, which brings the rest along", story{admit(schema.Edit, 1), letIn(admit(schema.Edit, 2)), admit(schema.Edit, 3), admit(schema.Edit, 4)}, "1:r1 full, 2:r2 let in by warn, 3:r3 let in by warn, 4:r4 let in by warn"},
		{"nor the same once more", story{letIn(admit(schema.Edit, 1)), admit(schema.Edit, 2), admit(schema.Edit, 1)}, "1:r1 let in by warn, 2:r2 let in by warn, 3:r1 let in by warn"},
		{"nor what broke the glass on top of it, reviewed or not", story{letIn(admit(schema.Edit, 1)), decided(ledger.BreakGlass, gray, schema.Edit, 2), coded(ordered(ledger.Taint, 2), ledger.Reviewed)}, "1:r1 let in by warn, 2:r2 let in by warn"},
		{"going back to what the gate let in has, and what is made again from there", story{admit(schema.Edit, 1), letIn(admit(schema.Edit, 2)), rollback(1), admit(schema.Edit, 3)}, "1:r1 full, 2:r2 withdrawn let in by warn, 3:r1 full, 4:r3 full"},
		{"also by an edit, where it was withdrawn", story{admit(schema.Edit, 1), admit(schema.Edit, 2), rollback(1), letIn(admit(schema.Edit, 3)), admit(schema.Edit, 2)}, "1:r1 full, 2:r2 full, 3:r1 full, 4:r3 let in by warn, 5:r2 full"},
		{"what was removed brings nothing along", story{letIn(admit(schema.Edit, 1)), absent(admit(schema.Edit, 0)), admit(schema.Edit, 2)}, "1:r1 let in by warn, 2:, 3:r2 full"},
		{"and what the mode removed is written anew", story{admit(schema.Edit, 1), letIn(absent(admit(schema.Edit, 0))), admit(schema.Edit, 2)}, "1:r1 full, 2: let in by warn, 3:r2 full"},
		{"an edit on top of what the gate let in before, as the mode did now, has", story{admit(schema.Edit, 1), admit(schema.Edit, 2), letIn(rollback(1)), admit(schema.Edit, 3)}, "1:r1 full, 2:r2 full withdrawn, 3:r1 let in by warn, 4:r3 full"},
		{"what broke the glass with a promotion was asked for by no gate", story{letIn(admit(schema.Edit, 1)), decided(ledger.BreakGlass, gray, schema.Promote, 2)}, "1:r1 let in by warn, 2:r2 unreviewed let in by warn"},
		{"a promotion comes whole from a stage before", story{letIn(admit(schema.Override, 1)), admit(schema.Promote, 2)}, "1:r1 let in by warn, 2:r2 full"},
		{"what was adopted is built upon", story{letIn(admit(schema.Edit, 1)), {Kind: ledger.Observe, Stage: gray.Stage, App: gray.App, Code: ledger.Adopted, Order: &ledger.Order{}}, admit(schema.Edit, 2)}, "1:r1 full, 3:r2 full"},
		{"a rollback that the mode alone let in has not, though its revision has", story{admit(schema.Edit, 1), admit(schema.Edit, 2), letIn(rollback(1))}, "1:r1 full, 2:r2 full withdrawn, 3:r1 let in by warn"},
		{"and takes no flag away", story{admit(schema.Edit, 1), admit(schema.Edit, 2), rollback(1), letIn(admit(schema.Promote, 2))}, "1:r1 full, 2:r2 full withdrawn, 3:r1 full, 4:r2 withdrawn let in by warn"},
		{"nor has a retirement", story{admit(schema.Edit, 1), decided(ledger.Retire, gray, schema.Retire, 2)}, "1:r1 full, 2:r2"},
		{"a rollback to what never passed it has not either", story{decided(ledger.BreakGlass, gray, schema.Override, 2), admit(schema.Edit, 1), rollback(2)}, "1:r2 unreviewed, 2:r1 full withdrawn, 3:r2 unreviewed"},
	}
	for _, tt := range tests {
		if got := list(tt.fold()); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestFoldFreezesTheSoakOfWhatItLeaves(t *testing.T) {
	s := story{admit(schema.Edit, 1), hold(2), hold(2), admit(schema.Edit, 2)}.fold()
	first := s.Revisions[0]
	if first.Soaked != 3*60_000 || !first.SoakingSince.IsZero() {
		t.Errorf("first admission soaked %d since %v, want 3 minutes, frozen", first.Soaked, first.SoakingSince)
	}
	if s.Admitted.SoakedAt(begin.Add(10*time.Minute)) != 6*time.Minute {
		t.Errorf("second soaked %v, want 6 minutes", s.Admitted.SoakedAt(begin.Add(10*time.Minute)))
	}
}

func TestFoldBoundsTheRevisions(t *testing.T) {
	var s story
	for n := range ledger.MaxRevisions + 5 {
		s = append(s, admit(schema.Edit, n))
	}
	got := s.fold()
	if n := len(got.Revisions); n != ledger.MaxRevisions || got.Revisions[n-1].Seq != got.Admitted.Seq || got.Revisions[0].Seq != 6 {
		t.Errorf("%d revisions from %d to %d", n, got.Revisions[0].Seq, got.Revisions[n-1].Seq)
	}
}

// TestATaintOutlastsTheList: the mark says that the revision must go nowhere, however long ago it was here.
func TestATaintOutlastsTheList(t *testing.T) {
	s := story{admit(schema.Edit, 1), ordered(ledger.Taint, 1)}
	for n := range 2 * ledger.MaxRevisions {
		s = append(s, admit(schema.Edit, n+2))
	}
	r1 := s[0].Decision.Change.To.Revision
	got := s.fold()
	if len(got.Tainted) != 1 || !got.IsTainted(r1) || len(got.Revisions) != ledger.MaxRevisions {
		t.Fatalf("kept: %v, tainted %v, %d listed", got.Tainted, got.IsTainted(r1), len(got.Revisions))
	}
	if back := append(slices.Clone(s), admit(schema.Edit, 1)).fold(); !back.Admitted.Flagged(ledger.Tainted) || len(back.Tainted) != 0 {
		t.Errorf("listed again: %v, and kept %v", back.Admitted.Flags, back.Tainted)
	}
	if cleared := append(slices.Clone(s), coded(ordered(ledger.Taint, 1), ledger.Acknowledged)).fold(); cleared.IsTainted(r1) || len(cleared.Tainted) != 0 {
		t.Errorf("acknowledged: %v", cleared.Tainted)
	}
}

func TestFoldPinsAndReleases(t *testing.T) {
	s := story{ordered(ledger.Suspend, 0)}
	if got := s.fold(); got.Suspended == nil || got.Suspended.Seq != 1 {
		t.Errorf("suspended: %+v", got.Suspended)
	}
	if got := append(s, ordered(ledger.Resume, 0)).fold(); got.Suspended != nil {
		t.Errorf("resumed: %+v", got.Suspended)
	}
}

func TestFoldLeavesItsArgumentAlone(t *testing.T) {
	before := story{admit(schema.Edit, 1, "etcd"), applied("etcd", 1), admit(schema.Edit, 2, "etcd"), applied("etcd", 3), unreachable("etcd", 3)}.fold()
	was, err := ledger.EncodeState(before)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []ledger.Entry{rollback(1, "etcd"), applied("etcd", 3), drifted("etcd", 3), ordered(ledger.Taint, 2), hold(4), unreachable("x", 3)} {
		e.Seq, e.At = 9, begin.Add(time.Hour)
		ledger.Fold(before, e)
		if now, _ := ledger.EncodeState(before); string(now) != string(was) {
			t.Fatalf("%s changed what it was folded onto:\n%s\n%s", e.Kind, was, now)
		}
	}
}

func TestFoldRefs(t *testing.T) {
	observe := func(n int, code schema.Code) ledger.Entry {
		e := ledger.Entry{Kind: ledger.Observe, Ref: main, Code: code}
		if n > 0 {
			e.New = hash(n)
		}
		return e
	}
	tests := []struct {
		name    string
		entries []ledger.Entry
		seen    int
		code    schema.Code
	}{
		{"an advance moves the ref", []ledger.Entry{observe(1, ""), observe(2, "")}, 2, ""},
		{"a decision moves it too", []ledger.Entry{observe(1, ""), hold(2)}, 2, ""},
		{"a rewind does not", []ledger.Entry{observe(1, ""), observe(2, ledger.NonFastForward)}, 1, ledger.NonFastForward},
		{"a ref that vanished keeps its place", []ledger.Entry{observe(1, ""), observe(0, ledger.RefMissing)}, 1, ledger.RefMissing},
		{"a ref that is restored is well again", []ledger.Entry{observe(1, ""), observe(0, ledger.RefMissing), observe(1, "")}, 1, ""},
		{"a delivery says nothing of refs", []ledger.Entry{observe(1, ""), applied("etcd", 1)}, 1, ""},
	}
	for _, tt := range tests {
		var r ledger.Refs
		for i, e := range tt.entries {
			e.Seq = int64(i + 1)
			r = ledger.FoldRefs(r, e)
		}
		if r.Seen[main] != hash(tt.seen) || r.Incident[main].Code != tt.code {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
}

func TestFoldHead(t *testing.T) {
	seal := ledger.Entry{Kind: ledger.Control, Seq: 2, Seal: &ledger.Seal{Trust: 2, Commit: hash(2), Control: schema.DigestOf(control)}}
	held := decided(ledger.Hold, schema.Control, schema.Edit, 3)
	held.Seq = 3
	settled := ledger.Entry{Kind: ledger.Observe, Seq: 4, App: schema.Control.App, Code: ledger.Settled}
	h := ledger.FoldHead(ledger.Head{}, seal, "d")
	if h.Control.Trust != 2 || h.Size != 2 || h.Last != "d" {
		t.Errorf("control: %+v", h)
	}
	if h = ledger.FoldHead(h, held, "d"); h.Control.Held == nil || h.Control.Held.Seq != 3 {
		t.Errorf("held: %+v", h.Control)
	}
	if got := ledger.FoldHead(h, settled, "d"); got.Control.Held != nil {
		t.Errorf("settled: %+v", got.Control)
	}
	if got := ledger.FoldHead(h, seal, "d"); got.Control.Held != nil {
		t.Errorf("control again: %+v", got.Control)
	}
	regroups := seal
	regroups.Seal = &ledger.Seal{Trust: 2, Commit: hash(3), Control: schema.DigestOf(control), Before: 2, Regroups: true}
	regroups.Seq = 5
	if got := ledger.FoldHead(ledger.FoldHead(h, regroups, "d"), seal, "d"); got.Control.Regrouped != 5 {
		t.Errorf("regrouped: %+v, want it to stay", got.Control)
	}
	pin := ledger.Entry{Kind: ledger.Suspend, Seq: 5, Stage: "gray", Order: &ledger.Order{}}
	if h = ledger.FoldHead(h, pin, "d"); h.Suspended["gray"].Seq != 5 {
		t.Errorf("suspended: %+v", h.Suspended)
	}
	pin.Kind = ledger.Resume
	if h = ledger.FoldHead(h, pin, "d"); len(h.Suspended) != 0 {
		t.Errorf("resumed: %+v", h.Suspended)
	}
}

func TestFoldSealed(t *testing.T) {
	e := ledger.Entry{Kind: ledger.Genesis, Seq: 1, At: begin}
	c := ledger.SealedCell{Stage: gray.Stage, App: gray.App, Revision: side(1).Revision, Content: side(1).Content, Commit: hash(1), Required: []string{"etcd"}}
	s := ledger.FoldSealed(ledger.State{}, e, c)
	if s.Admitted.Seq != 1 || !s.Admitted.Full || s.Admitted.Kind != "" || !s.Admitted.LiveAt.IsZero() || len(s.Revisions) != 1 {
		t.Errorf("sealed: %+v", s)
	}
	judged := story{admit(schema.Edit, 2)}.fold()
	if got := ledger.FoldSealed(judged, e, c); got.Admitted.Revision != side(2).Revision {
		t.Errorf("sealing replaced what was judged: %+v", got)
	}
}

func TestFoldRemembersRequestsForAsLongAsTheyCouldBeUsedAgain(t *testing.T) {
	asked := func(at time.Duration, name string) ledger.Entry {
		return ledger.Entry{Kind: ledger.Suspend, Stage: gray.Stage, At: begin.Add(at), Order: &ledger.Order{Statement: schema.DigestOf([]byte(name))}}
	}
	day := 24 * time.Hour
	var h ledger.Head
	for i, e := range []ledger.Entry{asked(0, "first"), asked(day, "second"), {Kind: ledger.Observe, Ref: main, At: begin.Add(30 * day)}} {
		e.Seq = int64(i + 1)
		h = ledger.FoldHead(h, e, "")
	}
	for name, want := range map[string]int64{"first": 1, "second": 2, "third": 0} {
		if seq, used := h.WasUsed(schema.DigestOf([]byte(name))); seq != want || used != (want > 0) {
			t.Errorf("%s was used by #%d (%v), want #%d", name, seq, used, want)
		}
	}
	fourth := asked(8*day+time.Hour, "fourth")
	fourth.Seq = 4
	h = ledger.FoldHead(h, fourth, "")
	if len(h.Used) != 2 {
		t.Errorf("%d requests are remembered, want the second and the fourth", len(h.Used))
	}
}

func TestFoldSaysWhichEntryMadeAnAdmissionLive(t *testing.T) {
	s := story{admit(schema.Edit, 1, "etcd"), delivered(ledger.Apply, gray, "etcd", 1), delivered(ledger.Drift, gray, "etcd", 1), delivered(ledger.Apply, gray, "etcd", 1)}.fold()
	if s.Admitted.LiveSeq != 2 {
		t.Errorf("live by #%d, want the first read-back, #2", s.Admitted.LiveSeq)
	}
}
