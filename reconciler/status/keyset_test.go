package status_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestKeysThatComeOrGoMoveNoOthers: who reads key by key from page to page reads each that stays once, whatever comes and goes
// before, at and after the place where a page ended.
func TestKeysThatComeOrGoMoveNoOthers(t *testing.T) {
	v := filed(t, pastOf(sample(t)))
	keys := map[string]int{}
	for i := range 40 {
		keys[fmt.Sprintf("k%02d", i*2)] = i
	}
	h, err := status.New(status.Config{View: func() *schema.View { return &v }, Now: func() time.Time { return now }, Values: true,
		Content: func(_ context.Context, at schema.Hash, _ string) (map[string][]byte, error) {
			if at == commit(t, "6") {
				return nil, nil
			}
			var text strings.Builder
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				fmt.Fprintf(&text, "%s: %d\n", key, keys[key])
			}
			return map[string][]byte{"app#one.yaml": []byte(text.String())}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/v1/values/testing/catalog?", "/api/v1/diff?app=catalog&from=gray&to=testing&", "/api/v1/diff?app=catalog&from=staging&to=testing&all&"} {
		all := maps.Clone(keys)
		seen, after := map[string]int{}, ""
		for range 20 {
			var got struct {
				Keys []struct{ Key string }
				Next string
			}
			if err := json.Unmarshal([]byte(body(t, ask(h, "GET", path+"limit=7&after="+url.QueryEscape(after)))), &got); err != nil {
				t.Fatal(err)
			}
			for _, k := range got.Keys {
				seen[k.Key]++
			}
			if after = got.Next; after == "" {
				break
			}
			last := got.Keys[len(got.Keys)-1].Key
			delete(keys, last)
			delete(all, last)
			keys[got.Keys[0].Key+"-new"] = 1 // before
		}
		for key := range all {
			if seen[key] != 1 {
				t.Errorf("%s: %s was read %d times", path, key, seen[key])
			}
		}
		if len(seen) < 30 || after != "" {
			t.Errorf("%s: %d keys, and then %q", path, len(seen), after)
		}
	}
}
