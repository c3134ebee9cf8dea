package gitrepo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// origin is the only place that requests and credentials go to: the remote URL's scheme and host. Every request of the
// transport passes it, redirected ones too.
type origin struct {
	remote *remote
	limits Limits
	base   http.RoundTripper
}

func newHTTPClient(r *remote, limits Limits) (*http.Client, error) {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CAFile != "" {
		pool, err := certificates(r.CAFile)
		if err != nil {
			return nil, err
		}
		base.TLSClientConfig.RootCAs = pool
	}
	return &http.Client{Transport: &origin{remote: r, limits: limits, base: base}}, nil
}

func certificates(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w: %w", ErrUsage, err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s holds no certificate: %w", path, ErrUsage)
	}
	return pool, nil
}

// RoundTrip sends a request to the origin and refuses what is no answer of a Git server.
func (o *origin) RoundTrip(req *http.Request) (*http.Response, error) {
	if !o.owns(req.URL) {
		return nil, redirected(req.URL)
	}
	req = req.Clone(req.Context())
	if o.remote.TokenFile != "" {
		token, err := secret(o.remote.TokenFile)
		if err != nil {
			return nil, err
		}
		user := o.remote.Username
		if user == "" {
			user = "oauth2"
		}
		req.SetBasicAuth(user, token)
	}
	res, err := o.base.RoundTrip(req)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if err := o.check(req, res); err != nil {
		_ = res.Body.Close()
		return nil, err
	}
	if req.Method == http.MethodGet {
		res.Body = &capped{ReadCloser: res.Body, left: o.limits.Advert}
	}
	return res, nil
}

func (o *origin) owns(u *url.URL) bool {
	return u.Scheme == o.remote.url.Scheme && strings.EqualFold(u.Host, o.remote.url.Host)
}

func redirected(to *url.URL) error {
	return fmt.Errorf("%w: %s://%s", ErrRedirected, to.Scheme, to.Host)
}

func (o *origin) check(req *http.Request, res *http.Response) error {
	switch code := res.StatusCode; {
	case code == http.StatusOK:
		if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/x-git-") {
			return fmt.Errorf("%w: the answer is %.60q, not one of a Git server; a login page?", ErrUnreachable, sealed(req, kind))
		}
		return nil
	case code == http.StatusUnauthorized:
		return statusError(ErrUnauthorized, req, res)
	case code == http.StatusForbidden:
		return statusError(ErrForbidden, req, res)
	case code == http.StatusNotFound:
		return statusError(ErrNotFound, req, res)
	case code >= 300 && code < 400:
		to, err := res.Location()
		if err == nil && o.owns(to) && req.Method == http.MethodGet {
			return nil // the client asks again, there
		}
		if err != nil {
			return statusError(ErrUnreachable, req, res)
		}
		return redirected(to)
	}
	return statusError(ErrUnreachable, req, res)
}

const maxReason = 400 // bytes of a plain-text answer that an error repeats

// statusError quotes the beginning of a plain-text answer, where GitLab says why.
func statusError(class error, req *http.Request, res *http.Response) error {
	status := sealed(req, res.Status)
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		return fmt.Errorf("%w: %s", class, status)
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, 10*maxReason)) // what came of it is enough
	text := sealed(req, string(body))                             // before it is cut, so that no part of a token stays
	return fmt.Errorf("%w: %s: %s", class, status, strings.TrimSpace(text[:min(len(text), maxReason)]))
}

// sealed takes the credentials of a request out of a text that the other side wrote: proxies and debugging servers repeat what
// they were sent.
func sealed(req *http.Request, text string) string {
	const seal = "[sealed]"
	_, token, ok := req.BasicAuth()
	if !ok || token == "" {
		return text
	}
	_, encoded, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	return strings.NewReplacer(encoded, seal, url.QueryEscape(token), seal, token, seal).Replace(text)
}

// capped ends a body that is longer than allowed with an error, never with an early end.
type capped struct {
	io.ReadCloser
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, fmt.Errorf("answer of the remote: %w", ErrLimit)
	}
	return n, err
}
