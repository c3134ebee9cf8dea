package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestStrangersWriteNothingIntoTheLog: who speaks no TLS to a page with a certificate, however often, is no line of the log; and
// what is shown at the level debug is a line like all others.
func TestStrangersWriteNothingIntoTheLog(t *testing.T) {
	own := newAuthority(t, t.TempDir(), "own")
	for level, lines := range map[slog.Level]int{slog.LevelInfo: 0, slog.LevelDebug: 3} {
		page, err := listenPage(schema.Operator{Listen: "127.0.0.1:0", Access: schema.PageAccess{CertFile: own.pem, KeyFile: own.pem, Public: true}},
			status.Config{}, []status.Project{{Name: "config", View: func() *schema.View { return nil }}})
		if err != nil {
			t.Fatal(err)
		}
		said, ended := make(lineSink, 100), make(chan error)
		go func() {
			ended <- page.serve(t.Context(), slog.New(slog.NewJSONHandler(said, &slog.HandlerOptions{Level: level})))
		}()
		for range 3 {
			stranger, err := net.Dial("tcp", page.address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stranger.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
				t.Fatal(err)
			}
			if _, err := stranger.Read(make([]byte, 1)); err != nil {
				t.Fatalf("the server said nothing to who speaks no TLS: %v", err)
			}
			stranger.Close()
		}
		for range lines {
			var line struct{ Level, Msg, Error string }
			if text := <-said; json.Unmarshal(text, &line) != nil || line.Level != "DEBUG" || !strings.Contains(line.Error, "TLS handshake error") {
				t.Errorf("not a line of the log: %s", text)
			}
		}
		page.server.Close()
		<-ended
		if len(said) > 0 {
			t.Errorf("at the level %s: %s", level, <-said)
		}
	}
}

// TestWhatIsAmissInTheServerIsTold: an answer that ended in a panic is ours, and no stranger's.
func TestWhatIsAmissInTheServerIsTold(t *testing.T) {
	desk, err := listenFor("tests", "127.0.0.1:0", &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of luck") })})
	if err != nil {
		t.Fatal(err)
	}
	said := make(lineSink, 100)
	go func() { _ = desk.serve(t.Context(), slog.New(slog.NewJSONHandler(said, nil))) }()
	if resp, err := http.Get(desk.url()); err == nil {
		resp.Body.Close()
		t.Error("there is an answer")
	}
	if line := <-said; !bytes.Contains(line, []byte(`"level":"ERROR"`)) || !bytes.Contains(line, []byte("out of luck")) {
		t.Errorf("the log says %s", line)
	}
	if !strings.HasPrefix(desk.url(), "http://") {
		t.Errorf("once it serves it says that it is at %s", desk.url())
	}
}

// lineSink hands on what is written, a line each.
type lineSink chan []byte

func (s lineSink) Write(line []byte) (int, error) {
	s <- bytes.Clone(line)
	return len(line), nil
}
