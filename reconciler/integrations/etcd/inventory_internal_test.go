package etcd

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func TestWhatIsPruned(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	doc := func(n int) schema.Digest { return schema.DigestOf(fmt.Append(nil, n)) }
	listed := func(n int, until time.Time) inventory {
		i := inventory{Generations: []generation{{Doc: doc(0)}}}
		for k := 1; k < n; k++ {
			i.Generations = append(i.Generations, generation{doc(k), until})
		}
		return i
	}
	yesterday := now.Add(-24 * time.Hour)
	for _, row := range []struct {
		sentence string
		have     inventory
		named    []schema.Digest
		over     []schema.Digest
	}{
		{"nothing is listed", inventory{}, nil, nil},
		{"ten are kept, however old", listed(10, yesterday), nil, nil},
		{"the eleventh goes after a day", listed(11, yesterday), nil, []schema.Digest{doc(10)}},
		{"the eleventh stays for a day", listed(11, yesterday.Add(time.Second)), nil, nil},
		{"what the head names stays, whatever the list says", listed(12, yesterday), []schema.Digest{doc(11)}, []schema.Digest{doc(10)}},
		{"one that never was replaced stays", listed(12, time.Time{}), nil, nil},
		{"a clock that was set back takes nothing", listed(12, now.Add(time.Hour)), nil, nil},
	} {
		kept, over := row.have.prune(now, row.named...)
		if !slices.Equal(over, row.over) {
			t.Errorf("%s: over %v, want %v", row.sentence, over, row.over)
		}
		if len(kept.Generations)+len(over) != len(row.have.Generations) {
			t.Errorf("%s: %d kept and %d over of %d", row.sentence, len(kept.Generations), len(over), len(row.have.Generations))
		}
	}
}

func TestInventoriesThatAreRefused(t *testing.T) {
	for what, text := range map[string]string{
		"nothing":                  "",
		"no inventory":             "[]",
		"another form":             `{"v":1, "keys":[],"generations":[]}`,
		"another version":          `{"v":2,"keys":[],"generations":[]}`,
		"keys that are not sorted": `{"v":1,"keys":["b","a"],"generations":[]}`,
		"a key without a name":     `{"v":1,"keys":[""],"generations":[]}`,
		"a generation that climbs": `{"v":1,"keys":[],"generations":[{"doc":"sha256:../../x"}]}`,
		"more than there is":       `{"v":1,"keys":[],"generations":[],"x":1}`,
	} {
		if i, err := decodeInventory([]byte(text)); err == nil {
			t.Errorf("%s: read as %+v", what, i)
		}
	}
}
