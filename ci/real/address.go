package real

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreeAddress is a loopback address, HOST:PORT, that nobody listens on and that no other FreeAddress of any process hands
// out until the test ends. Servers that are told their port before they start, and again after a restart, need one.
//
// Ports that the kernel hands out (from 32768 up) do not do: any connection that is opened before the server listens may
// take it. So the port lies below them, and the UDP port of the same number, which nobody here wants, is held as its lock.
func FreeAddress(t testing.TB) string {
	t.Helper()
	const first, last, tries = 18000, 32767, 1000
	for range tries {
		address := fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(last-first+1))
		lock, err := net.ListenPacket("udp4", address)
		if err != nil {
			continue
		}
		listener, err := net.Listen("tcp4", address)
		if err != nil {
			_ = lock.Close()
			continue
		}
		_ = listener.Close()
		t.Cleanup(func() { _ = lock.Close() })
		return address
	}
	t.Fatalf("no free port among %d of %d-%d", tries, first, last)
	return ""
}
