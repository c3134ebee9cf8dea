package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"testing"
)

// TestAPageEndsWithWhoOnlyConnected: browsers connect ahead of what they may ask. Such a connection is no request under way.
func TestAPageEndsWithWhoOnlyConnected(t *testing.T) {
	page, err := listenFor("the page", "127.0.0.1:0", &http.Server{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	seen := make(chan struct{})
	page.server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			close(seen)
		}
	}
	go func() { ended <- page.serve(ctx, slog.New(slog.DiscardHandler)) }()
	ahead, err := net.Dial("tcp", page.address)
	if err != nil {
		t.Fatal(err)
	}
	defer ahead.Close()
	<-seen
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
}
