package main

import (
	"fmt"
	"os"
	"testing"
)

// TestAReloadHasItsTime: by the clock that systemd compares with, which goes on from one to the next.
func TestAReloadHasItsTime(t *testing.T) {
	var first, second int64
	for _, to := range []*int64{&first, &second} {
		if _, err := fmt.Sscanf(reloading(), "RELOADING=1\nMONOTONIC_USEC=%d", to); err != nil {
			t.Fatalf("%q: %v", reloading(), err)
		}
	}
	var up float64
	text, err := os.ReadFile("/proc/uptime") // with the time asleep, which the clock leaves out
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(text), "%f", &up); err != nil {
		t.Fatal(err)
	}
	if first <= 0 || second < first || float64(second)/1e6 > up+1 {
		t.Errorf("%d, then %d, %f s after the start", first, second, up)
	}
}
