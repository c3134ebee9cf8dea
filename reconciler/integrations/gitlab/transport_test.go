package gitlab_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
)

// redirectTo answers with a redirect.
func redirectTo(status int, location string) stubbed { return text(status, "", "Location", location) }

func TestRedirects(t *testing.T) {
	const moved = "/api/v4/projects/42"
	for _, tc := range []struct {
		name   string
		target func(home, other *stub) string
		status int
		want   error
	}{
		{"within GitLab, as after a rename", func(home, _ *stub) string { return home.URL + moved }, 301, nil},
		{"within GitLab, without a host", func(*stub, *stub) string { return moved }, 302, nil},
		{"to another host", func(_, other *stub) string { return other.URL + moved }, 301, gitlab.ErrIncomplete},
		{"to another scheme", func(home, _ *stub) string { return strings.Replace(home.URL, "http:", "https:", 1) + moved }, 301, gitlab.ErrIncomplete},
		{"in a circle", func(home, _ *stub) string { return "/api/v4/projects/acme%2Fconfig" }, 302, gitlab.ErrIncomplete},
	} {
		t.Run(tc.name, func(t *testing.T) {
			home, other := newStub(t), newStub(t)
			home.on("/projects/acme%2Fconfig", redirectTo(tc.status, tc.target(home, other)))
			cfg, _ := configure(t, home.URL, "acme/config", canary)
			err := connect(t, cfg).Get(context.Background(), "projects/acme%2Fconfig")
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if tc.want != nil && !strings.Contains(err.Error(), "redirected elsewhere: ") {
				t.Errorf("got %v, want it to say where to", err)
			}
			if other.requests() != 0 {
				t.Errorf("the other host was asked %v with tokens %v", other.asked, other.tokens)
			}
		})
	}
}

func TestARedirectedPostStaysAPost(t *testing.T) {
	s := newStub(t)
	s.on("/old", redirectTo(301, "/api/v4/new"))
	s.on("/new", text(200, `{}`))
	c, _ := s.client(nil)
	if err := c.Post(context.Background(), "old"); !errors.Is(err, gitlab.ErrIncomplete) || s.count("GET /new") != 0 {
		t.Errorf("got %v and requests %v: want the POST not to become a GET", err, s.asked)
	}
}

func TestOwnCertificates(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(text(200, `{"id":42}`)))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	cfg, _ := configure(t, srv.URL, "42", canary)
	if _, err := gitlab.Open(context.Background(), cfg); !errors.Is(err, gitlab.ErrUnavailable) {
		t.Errorf("without the certificate: got %v, want ErrUnavailable", err)
	}
	cfg.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(cfg.CAFile, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := gitlab.Open(context.Background(), cfg)
	if err != nil {
		t.Fatalf("with the certificate: %v", err)
	}
	c.Close()
}

func TestOldTLSIsRefused(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(text(200, `{"id":42}`)))
	srv.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	cfg, _ := configure(t, srv.URL, "42", canary)
	if _, err := gitlab.Open(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), "version") {
		t.Errorf("got %v, want a refusal of the protocol version", err)
	}
}

func TestAnAnswerTooLarge(t *testing.T) {
	s := newStub(t)
	s.on("/big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(bytes.Repeat([]byte(" "), gitlab.MaxAnswer))
		w.Write([]byte("{}"))
	})
	c, _ := s.client(nil)
	if err := c.Get(context.Background(), "big"); !errors.Is(err, gitlab.ErrIncomplete) || !strings.Contains(err.Error(), "larger than") || s.count("GET /big") != 1 {
		t.Errorf("got %v after %d requests, want ErrIncomplete after 1", err, s.count("GET /big"))
	}
}

func TestARotatedTokenIsUsedAtOnce(t *testing.T) {
	s := newStub(t)
	cfg, _ := configure(t, s.URL, "42", "glpat-old")
	c := connect(t, cfg)
	for _, token := range []string{"glpat-old", "glpat-new"} {
		if err := os.WriteFile(cfg.TokenFile, []byte("  "+token+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Get(context.Background(), "projects/42"); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"glpat-old", "glpat-new"}; !slices.Equal(s.tokens, want) {
		t.Errorf("got tokens %v, want %v", s.tokens, want)
	}
	if err := os.Truncate(cfg.TokenFile, 0); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(context.Background(), "projects/42"); !errors.Is(err, gitlab.ErrUnauthorized) || s.requests() != 2 {
		t.Errorf("with an empty token: got %v after %d requests, want ErrUnauthorized and nothing sent", err, s.requests())
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	good, _ := configure(t, "https://gitlab.example.com", "acme/config", canary)
	for _, tc := range []struct {
		name   string
		change func(*gitlab.Config)
		want   string
	}{
		{"no address", func(c *gitlab.Config) { c.URL = "" }, "want https://"},
		{"a name without scheme", func(c *gitlab.Config) { c.URL = "gitlab.example.com" }, "want https://"},
		{"credentials in the address", func(c *gitlab.Config) { c.URL = "https://x:" + canary + "@gitlab.example.com" }, "token_file"},
		{"credentials in an address that does not parse", func(c *gitlab.Config) { c.URL = "https://x:" + canary + "@gitlab example.com" }, "cannot be parsed"},
		{"a token as query", func(c *gitlab.Config) { c.URL = "https://gitlab.example.com?private_token=" + canary }, "more than an address"},
		{"plain http to another machine", func(c *gitlab.Config) { c.URL = "http://gitlab.example.com" }, "without TLS"},
		{"no project", func(c *gitlab.Config) { c.Project = "/" }, "project is empty"},
		{"no token file", func(c *gitlab.Config) { c.TokenFile = "" }, "read token"},
		{"a token file that is not there", func(c *gitlab.Config) { c.TokenFile += "-not" }, "read token"},
		{"an empty token", func(c *gitlab.Config) { c.TokenFile = tokenIn(t, " ") }, "is empty"},
		{"a letter for a token", func(c *gitlab.Config) { c.TokenFile = tokenIn(t, "x") }, "too short to be a token"},
		{"seven letters", func(c *gitlab.Config) { c.TokenFile = tokenIn(t, "glpat-x") }, "too short to be a token"},
		{"two tokens", func(c *gitlab.Config) { c.TokenFile = tokenIn(t, "glpat-a\nglpat-b") }, "more than one line"},
		{"a folder for a token", func(c *gitlab.Config) { c.TokenFile = t.TempDir() }, "is not a file"},
		{"a book for a token", func(c *gitlab.Config) { c.TokenFile = tokenIn(t, strings.Repeat("x", 5000)) }, "too large"},
		{"a CA file that is not there", func(c *gitlab.Config) { c.CAFile = "/does/not/exist" }, "CA file"},
		{"a CA file without certificates", func(c *gitlab.Config) { c.CAFile = c.TokenFile }, "holds no certificate"},
	} {
		cfg := good
		tc.change(&cfg)
		_, err := gitlab.New(cfg)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %v, want it to say %q, and not the token", tc.name, err, tc.want)
		}
	}
}

func TestConfigurationsThatAreTaken(t *testing.T) {
	for _, url := range []string{"https://gitlab.example.com", "https://gitlab.example.com/", "https://example.com/gitlab/api/v4/",
		"http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"} {
		cfg, _ := configure(t, url, "/acme/config/", canary)
		connect(t, cfg)
	}
	cfg, _ := configure(t, "http://gitlab.internal", "42", canary)
	cfg.PlainHTTP = true
	connect(t, cfg)
}

// TestATokenThatOthersMayRead is a warning, once: secrets are mounted like that in containers.
func TestATokenThatOthersMayRead(t *testing.T) {
	var logged bytes.Buffer
	s := newStub(t)
	c, _ := s.client(func(cfg *gitlab.Config) {
		cfg.Log = slog.New(slog.NewTextHandler(&logged, nil))
		if err := os.Chmod(cfg.TokenFile, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	if err := c.Get(context.Background(), "projects/42"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(logged.String(), "level=WARN"); n != 1 || !strings.Contains(logged.String(), "chmod 600") {
		t.Errorf("got %d warnings, want 1 that says what to do:\n%s", n, logged.String())
	}
}

func TestOpenFindsTheProject(t *testing.T) {
	s := newStub(t)
	s.on("/projects/acme%2Fsub%2Econfig", text(200, `{"id":42}`))
	cfg, _ := configure(t, s.URL, "acme/sub.config", canary)
	c, err := gitlab.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.on("/projects/42/merge_requests", one(`[]`))
	for range 2 {
		if _, err := c.Opened(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if s.requests() != 3 {
		t.Errorf("got %v, want the project to be found once and its number used", s.asked)
	}
}

func TestOpenRefuses(t *testing.T) {
	s := newStub(t)
	for _, tc := range []struct {
		name    string
		project string
		want    error
	}{
		{"a project out of sight", "acme/secret", gitlab.ErrNotFound},
		{"another project under the number", "43", gitlab.ErrIncomplete},
	} {
		s.on("/projects/43", text(200, `{"id":42}`))
		cfg, _ := configure(t, s.URL, tc.project, canary)
		if _, err := gitlab.Open(context.Background(), cfg); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}
