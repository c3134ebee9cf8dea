package hook_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/hook"
)

func TestTheStoreIsBounded(t *testing.T) {
	again := hook.Remember(3)
	for _, id := range []string{"a", "b", "c"} {
		if again(id, now) {
			t.Errorf("%s was never there", id)
		}
	}
	if !again("a", now) || again("d", now) {
		t.Error("want a to be known and d not")
	}
	if again("a", now) { // the oldest made room for d
		t.Error("want a to be forgotten")
	}
	if !again("c", now) || !again("d", now) {
		t.Error("want c and d to be known still")
	}
}

// TestTheStoreAgainstADumbOne: the same answers as a list of everything, as long as there is room.
func TestTheStoreAgainstADumbOne(t *testing.T) {
	again := hook.Remember(100)
	last := map[string]time.Time{}
	at := now
	for i := range 5000 {
		id := fmt.Sprint(i * i % 97)
		at = at.Add(time.Duration(i%7) * 20 * time.Minute)
		first, known := last[id]
		want := known && at.Sub(first) <= 24*time.Hour
		if !want {
			last[id] = at
		}
		if got := again(id, at); got != want {
			t.Fatalf("event %d (%s): got %v, want %v", i, id, got, want)
		}
	}
}
