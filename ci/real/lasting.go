package real

import (
	"os"
	"sync"
	"testing"
)

// Lasting starts what several tests of a package share with the first of them, and ends it after the last:
//
//	var lasting real.Lasting
//	…	server := real.Kubernetes(lasting.TB(t)) // under a sync.Once
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(lasting.Around(m)) }
type Lasting struct {
	mu       sync.Mutex
	cleanups []func()
}

// TB is a test whose cleanups and temporary folders stay until the end of all.
func (l *Lasting) TB(t testing.TB) testing.TB { return &lastingTB{TB: t, lasting: l} }

// Around runs the tests, and then ends what they shared.
func (l *Lasting) Around(m interface{ Run() int }) interface{ Run() int } {
	return runner(func() int {
		defer l.end()
		return m.Run()
	})
}

func (l *Lasting) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.cleanups) - 1; i >= 0; i-- {
		l.cleanups[i]()
	}
	l.cleanups = nil
}

type runner func() int

func (r runner) Run() int { return r() }

type lastingTB struct {
	testing.TB
	lasting *Lasting
}

func (t *lastingTB) Cleanup(f func()) {
	t.lasting.mu.Lock()
	defer t.lasting.mu.Unlock()
	t.lasting.cleanups = append(t.lasting.cleanups, f)
}

func (t *lastingTB) TempDir() string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sluice-real-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
