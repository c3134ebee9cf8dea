package real_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// A connection that is opened takes a port of the kernel's range, so a server's port must not be of it.
func TestFreeAddressesAreFreeDifferentAndOutOfTheKernelsReach(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		address := real.FreeAddress(t)
		if seen[address] {
			t.Fatalf("%s was handed out twice", address)
		}
		seen[address] = true
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		if number, err := strconv.Atoi(port); err != nil || number >= 32768 {
			t.Errorf("port %s is one that the kernel hands out", port)
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("%s is not free: %v", address, err)
			continue
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}
}
