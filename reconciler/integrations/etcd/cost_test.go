package etcd_test

import (
	"crypto/ed25519"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// cost is what something took, the server in this process with it.
type cost struct {
	took, processor time.Duration
	allocated       uint64        // bytes, all in all
	peak            uint64        // bytes that the heap had at most beside what it had before
	signing         time.Duration // of processor
}

// stopwatch takes the time of every signature, from several goroutines.
type stopwatch struct {
	mu    sync.Mutex
	times []time.Duration
}

func (s *stopwatch) timed(key ed25519.PrivateKey) integrations.HeadSigner {
	return integrations.HeadSigner{ID: "log-1", Key: key.Public().(ed25519.PublicKey), Sign: func(message []byte) ([]byte, error) {
		began := time.Now()
		signature := ed25519.Sign(key, message)
		took := time.Since(began)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.times = append(s.times, took)
		return signature, nil
	}}
}

// all is what all signatures took, without the time in which others had the processor.
func (s *stopwatch) all() time.Duration {
	slices.Sort(s.times)
	return s.times[len(s.times)/2] * time.Duration(len(s.times))
}

// measured does something and says what it took.
func measured(b *testing.B, do func()) (c cost) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() { peak <- peakHeap(stop) }()
	began, used := time.Now(), processorTime(b)
	do()
	c.took, c.processor = time.Since(began), processorTime(b)-used
	close(stop)
	runtime.ReadMemStats(&after)
	c.allocated = after.TotalAlloc - before.TotalAlloc
	c.peak = max(<-peak, before.HeapAlloc) - before.HeapAlloc
	return c
}

// peakHeap looks a hundred times in a second, until it is stopped.
func peakHeap(stop <-chan struct{}) (peak uint64) {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		metrics.Read(heap)
		peak = max(peak, heap[0].Value.Uint64())
		select {
		case <-stop:
			return peak
		case <-tick.C:
		}
	}
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
