// Package http reads configuration from a web server, which may be a plain one that serves files.
//
//	GET <url>/head                       the head; with an ETag, so that nothing is sent twice
//	GET <url>/rel/<digest>/document      a document that is too large for the head
//
// A server that knows `Prefer: wait=30` holds a request with If-None-Match until there is something new, and answers 304
// when there is not; one that does not is asked every Poll. A redirect is followed on the same server alone: the headers that
// go with each request are for nobody else.
package http

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Source is one app in one stage at a web server.
type Source struct {
	URL    string       // https://config.example.com/production/pay
	Client *http.Client // nil: http.DefaultClient; it decides about TLS, proxies and credentials, and may follow fewer redirects
	Header http.Header  // sent with each request: an Authorization; never repeated in errors
	Poll   time.Duration
	Wait   time.Duration // how long a server may hold a request; 30 s by default
}

// New reads from a URL, which holds no password: that belongs into Header.
func New(address string) (*Source, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return nil, errors.New("http source: want https://host/path without a password")
	}
	return &Source{URL: strings.TrimSuffix(address, "/")}, nil
}

// String names the place, not what is sent there.
func (s *Source) String() string { return "http source " + s.URL }

// Format writes what String returns, whatever the verb.
func (s *Source) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue is what String returns.
func (s *Source) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Head implements [provider.Source].
func (s *Source) Head(ctx context.Context) ([]byte, provider.Position, error) {
	answer, err := s.get(ctx, "/head", map[string]string{"Cache-Control": "no-cache"})
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	raw, err := s.body("/head", answer, provider.MaxHead)
	return raw, position(answer, raw), err
}

const maxRedirects = 10

const bodyPrefix = "body "

// position is the answer's ETag, or a digest of the answer where the server has none.
func position(answer *http.Response, raw []byte) provider.Position {
	if tag := answer.Header.Get("ETag"); tag != "" {
		return provider.Position(tag)
	}
	sum := sha256.Sum256(raw)
	return provider.Position(bodyPrefix + hex.EncodeToString(sum[:]))
}

// Document implements [provider.Source]. The digest is in the path, so a cache on the way may keep it for ever.
func (s *Source) Document(ctx context.Context, part provider.Part, _ provider.Position) ([]byte, error) {
	path := "/rel/" + strings.TrimPrefix(part.Doc, "sha256:") + "/document"
	answer, err := s.get(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return s.body(path, answer, part.Size)
}

// Watch implements [provider.Watcher]: it asks for the head unless it is still the one that was read.
func (s *Source) Watch(ctx context.Context, after provider.Position) error {
	wait, poll := s.Wait, s.Poll
	if wait <= 0 {
		wait = 30 * time.Second
	}
	if poll <= 0 {
		poll = 5 * time.Second
	}
	header := map[string]string{"Prefer": fmt.Sprintf("wait=%d", int(wait.Seconds())), "Cache-Control": "no-cache"}
	if !strings.HasPrefix(string(after), bodyPrefix) {
		header["If-None-Match"] = string(after)
	}
	for {
		began := time.Now()
		if same, err := s.unchanged(ctx, header, after); err != nil || !same {
			return err
		}
		// One that held the request is asked again at once.
		if rest := poll - time.Since(began); rest > 0 && !pause(ctx, rest) {
			return ctx.Err()
		}
	}
}

// unchanged asks once.
func (s *Source) unchanged(ctx context.Context, header map[string]string, after provider.Position) (bool, error) {
	answer, err := s.get(ctx, "/head", header)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotModified {
		return true, nil
	}
	raw, err := s.body("/head", answer, provider.MaxHead)
	return position(answer, raw) == after, err
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (s *Source) get(ctx context.Context, path string, header map[string]string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		return nil, fmt.Errorf("http source: %s%s: %w", s.URL, path, err)
	}
	for name, values := range s.Header {
		request.Header[name] = values
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	answer, err := s.client().Do(request)
	if err != nil {
		var of *url.Error // has the whole address of a redirect
		if errors.As(err, &of) {
			err = of.Err
		}
		return nil, fmt.Errorf("http source: %s%s: %w", s.URL, path, err)
	}
	return answer, nil
}

// client is the caller's, but for redirects.
func (s *Source) client() *http.Client {
	client := *http.DefaultClient
	if s.Client != nil {
		client = *s.Client
	}
	theirs := client.CheckRedirect
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		first := via[0].URL
		switch {
		case next.URL.Scheme != first.Scheme || next.URL.Host != first.Host:
			return fmt.Errorf("it redirects to %s://%s, which is not followed: headers for one server are not sent to another; give the address where the files are", next.URL.Scheme, next.URL.Host)
		case theirs != nil:
			return theirs(next, via)
		case len(via) >= maxRedirects:
			return fmt.Errorf("%d redirects", len(via))
		}
		return nil
	}
	return &client
}

// body reads a good answer, and no more of it than there may be.
func (s *Source) body(path string, answer *http.Response, limit int64) ([]byte, error) {
	if answer.StatusCode != http.StatusOK {
		return nil, s.status(path, answer)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("http source: %s%s: %w", s.URL, path, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("http source: %s%s: more than %d bytes", s.URL, path, limit)
	}
	return data, nil
}

func (s *Source) status(path string, answer *http.Response) error {
	err := fmt.Errorf("http source: %s%s: %s", s.URL, path, answer.Status)
	switch answer.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("%w: %w", err, fs.ErrNotExist)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: %w", err, fs.ErrPermission)
	}
	return err
}
