package provider_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// running is a program with a configuration of 400 keys, as a type and as a snapshot.
func running(t testing.TB) (*provider.Provider, *provider.Binding[map[string]int]) {
	t.Helper()
	values := map[string]any{}
	for k := range 400 {
		values[fmt.Sprintf("key-%03d", k)] = k
	}
	p, err := provider.Open(t.Context(), providertest.New(map[string]any{"app.yaml": values}).Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	b, err := provider.Bind[map[string]int](p)
	if err != nil {
		t.Fatal(err)
	}
	return p, b
}

func TestReadingAllocatesNothing(t *testing.T) {
	p, b := running(t)
	sum := 0
	if n := testing.AllocsPerRun(1000, func() { sum += int(p.Snapshot().Seq()) + (*b.Load())["key-007"] + (*b.At(p.Snapshot()))["key-007"] }); n > 0 {
		t.Errorf("%v allocations per read", n)
	}
	if sum == 0 {
		t.Error("nothing was read")
	}
}

// lockedMap is what programs write themselves: a map behind a lock.
type lockedMap struct {
	mu     sync.RWMutex
	values map[string]int
}

func (m *lockedMap) get(key string) int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.values[key]
}

// BenchmarkLoad reads one value by every goroutine at once, and reports how that compares with a map behind a lock.
func BenchmarkLoad(b *testing.B) {
	p, binding := running(b)
	type typed struct {
		Key int `sluice:"key-007"`
	}
	field, err := provider.Bind[typed](p)
	if err != nil {
		b.Fatal(err)
	}
	locked := &lockedMap{values: *binding.Load()}
	var nanoseconds [2]float64
	for i, row := range []struct {
		name string
		read func() int
	}{
		{"a map behind a lock", func() int { return locked.get("key-007") }},
		{"a field of a binding", func() int { return field.Load().Key }},
		{"a map of a binding", func() int { return (*binding.Load())["key-007"] }},
		{"the snapshot", func() int { return int(p.Snapshot().Seq()) }},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				sum := 0
				for pb.Next() {
					sum += row.read()
				}
				if sum < 0 {
					b.Error(sum)
				}
			})
			if each := float64(b.Elapsed().Nanoseconds()) / float64(b.N); i < 2 {
				nanoseconds[i] = each
			}
			if i == 1 && nanoseconds[0] > 0 {
				b.ReportMetric(nanoseconds[1]/nanoseconds[0], "x-RWMutex-map")
			}
		})
	}
}

// BenchmarkGet reads one key of a snapshot by its path.
func BenchmarkGet(b *testing.B) {
	p, _ := running(b)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := provider.Get[int](p.Snapshot(), "app.yaml", "key-007"); n != 7 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkTake verifies, decodes, compares and swaps in a configuration of 400 keys.
func BenchmarkTake(b *testing.B) {
	source := providertest.New(nil)
	p, err := provider.Open(b.Context(), source.Options())
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	values := map[string]any{}
	for k := range 400 {
		values[fmt.Sprintf("key-%03d", k)] = k
	}
	b.ReportAllocs()
	for b.Loop() {
		source.Set(map[string]any{"app.yaml": values})
		if err := p.Refresh(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
