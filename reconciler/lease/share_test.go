package lease_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/lease"
)

const projects = 20

// replica takes part in the elections of many projects, as one process does.
type replica struct {
	name      string
	elections []*lease.Election
	leave     func()
}

func join(t *testing.T, c *clientv3.Client, name string) *replica {
	t.Helper()
	r := &replica{name: name}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for n := range projects {
		e, err := lease.New(lease.Config{Client: func() (*clientv3.Client, error) { return c, nil }, Key: projectKey(n), Name: name, TTL: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		r.elections = append(r.elections, e)
		group.Go(func() { e.Run(ctx) })
	}
	r.leave = func() { cancel(); group.Wait() }
	t.Cleanup(r.leave)
	return r
}

func projectKey(n int) string { return fmt.Sprintf("/config/.sluice/%016d/leader", n) }

// settled waits until each project is led by its favourite of these, and by nobody else, and returns how many each leads.
func settled(t *testing.T, all []*replica) map[string]int {
	t.Helper()
	limit, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	var names []string
	for _, r := range all {
		names = append(names, r.name)
	}
	for {
		led, right := map[string]int{}, 0
		for n := range projects {
			var leaders []string
			for _, r := range all {
				if lead, _ := r.elections[n].Leading(); lead != nil && lead.Err() == nil {
					leaders = append(leaders, r.name)
					led[r.name]++
				}
			}
			if slices.Equal(leaders, []string{lease.Favourite(projectKey(n), names)}) {
				right++
			}
		}
		if right == projects {
			return led
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("after a minute %d of %d projects are led by their favourite: %v", right, projects, led)
		}
	}
}

// TestManyProjectsAreShared: whoever comes first leads everything, and gives away what others are for; what one leaves behind is shared.
func TestManyProjectsAreShared(t *testing.T) {
	s := server(t)
	defer s.Close()
	c := dial(t, s.Endpoint())
	first := join(t, c, "first")
	if led := settled(t, []*replica{first}); led["first"] != projects {
		t.Fatalf("alone it leads %v", led)
	}
	all := []*replica{first, join(t, c, "second"), join(t, c, "third")}
	for name, n := range settled(t, all) {
		if n == 0 || n == projects {
			t.Errorf("%s leads %d of %d projects", name, n, projects)
		}
		t.Logf("%s leads %d projects", name, n)
	}
	all[1].leave()
	settled(t, []*replica{first, all[2]})
}

func TestFavourite(t *testing.T) {
	names := []string{"a", "b", "c"}
	moved := 0
	for n := range 300 {
		key := projectKey(n)
		of3 := lease.Favourite(key, names)
		if of3 != lease.Favourite(key, []string{"c", "a", "b"}) {
			t.Errorf("%s: the order of the names decides", key)
		}
		if of2 := lease.Favourite(key, names[:2]); of2 != of3 {
			moved++
			if of3 != "c" {
				t.Errorf("%s: c left, and it went from %s to %s", key, of3, of2)
			}
		}
	}
	if moved < 60 || moved > 140 {
		t.Errorf("of 300 elections c had %d, want about 100", moved)
	}
	if got := lease.Favourite("key", nil); got != "" {
		t.Errorf("of nobody it is %q", got)
	}
}
