package status_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// streaming is a site whose view changes.
type streaming struct {
	t      *testing.T
	server *httptest.Server
	view   atomic.Pointer[schema.View]
}

func newStreaming(t *testing.T) *streaming {
	s := &streaming{t: t}
	v := sample(t)
	s.view.Store(&v)
	over := make(chan struct{})
	h, err := status.New(status.Config{View: s.view.Load, Now: func() time.Time { return now }, Done: over})
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(h)
	t.Cleanup(func() { close(over); s.server.Close() })
	return s
}

// publish makes the app's cell in gray another one.
func (s *streaming) publish(state schema.CellState) {
	v := sample(s.t)
	v.Apps[0].Cells[3].State = state
	s.view.Store(&v)
}

// opens a stream and returns its lines.
func (s *streaming) opens(last string) (lines *bufio.Scanner, end context.CancelFunc) {
	s.t.Helper()
	ctx, end := context.WithTimeout(s.t.Context(), 30*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+"/api/v1/events", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Accel-Buffering") != "no" {
		s.t.Errorf("the stream is %s, %v", got, resp.Header)
	}
	return bufio.NewScanner(resp.Body), end
}

// next reads up to the next event of a kind and returns its id and data, and the kinds that came before it.
func (s *streaming) next(lines *bufio.Scanner, kind string) (id, data string, before []string) {
	s.t.Helper()
	var now string
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "event":
			now = value
		case "data":
			if now == kind {
				return id, value, before
			}
			before = append(before, now)
		}
	}
	s.t.Fatalf("no event %s came, only %v: %v", kind, before, lines.Err())
	return "", "", nil
}

func TestAStreamTellsWhatChanges(t *testing.T) {
	s := newStreaming(t)
	lines, end := s.opens("")
	if _, data, _ := s.next(lines, "whole"); !strings.Contains(data, "10 of 18 cells as intended") || !strings.Contains(data, `"stale":false`) {
		t.Errorf("at first: %s", data)
	}
	s.publish(schema.Drifted)
	id, data, _ := s.next(lines, "cells")
	if data != `[{"cell":"gray/catalog","state":"drifted","symbol":"≠","tone":"bad","revision":"r:66666666"}]` {
		t.Errorf("the change is told as %s", data)
	}
	if _, data, _ := s.next(lines, "whole"); !strings.Contains(data, "2 drifted") {
		t.Errorf("then: %s", data)
	}
	end()

	// Away while two things happen, of which the last one holds.
	s.publish(schema.Failing)
	other, stop := s.opens(id)
	s.next(other, "cells")
	stop()
	s.publish(schema.Live)
	again, end := s.opens(id)
	defer end()
	_, data, before := s.next(again, "cells")
	if len(before) != 0 || strings.Count(data, "gray/catalog") != 1 || !strings.Contains(data, `"live"`) {
		t.Errorf("what was missed is told as %s, after %v", data, before)
	}
	for name, last := range map[string]string{"another process's number": "abc-1", "a number that is to come": strings.SplitN(id, "-", 2)[0] + "-999", "no number": "x"} {
		lines, end := s.opens(last)
		if _, _, before := s.next(lines, "whole"); len(before) != 1 || before[0] != "resync" {
			t.Errorf("%s: got %v, want resync", name, before)
		}
		end()
	}
}
