package otlp_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"testing"
	"time"
)

func uncompressed(r *http.Request) ([]byte, error) {
	body, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// await looks again and again, for at most a minute.
func await(t *testing.T, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("waited a minute")
		}
	}
}
