package gitlab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	maxAnswer    = 16 << 20 // bytes of one answer, unpacked
	maxRedirects = 3
)

var (
	errTooLarge   = errors.New("the answer is larger than 16 MiB")
	errRedirected = errors.New("redirected elsewhere")
)

// ports are the schemes' own.
var ports = map[string]string{"http": "80", "https": "443"}

// tokenError is that no token could be sent, so that nothing was.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// exchange is what one try sent and got. The library closes and forgets the bodies of refusals; the transport keeps
// every body here, where whoever asked finds it.
type exchange struct {
	status int
	header http.Header
	body   []byte
	token  secret
}

type exchangeKey struct{}

// transport is the only place that holds the token. It sends it to GitLab's own origin and nowhere else, reads every
// body whole, and refuses one that is too large; so a cut connection is an error of the transport, never a short body.
type transport struct {
	base  http.RoundTripper
	home  *url.URL // scheme and host of GitLab
	token *tokenFile
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameOrigin(req.URL, t.home) {
		return nil, errRedirected
	}
	token, err := t.token.read()
	if err != nil {
		return nil, &tokenError{err}
	}
	req = req.Clone(req.Context())
	req.Header.Set("PRIVATE-TOKEN", string(token))
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := readBody(resp.Body)
	if err != nil {
		return nil, err
	}
	if ex, ok := req.Context().Value(exchangeKey{}).(*exchange); ok {
		*ex = exchange{status: resp.StatusCode, header: resp.Header, body: body, token: token}
	}
	resp.Body = http.NoBody
	return resp, nil
}

func readBody(body io.ReadCloser) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	if len(data) > maxAnswer {
		return nil, errTooLarge
	}
	return data, nil
}

// checkRedirect follows GitLab within itself, as after a rename. Go strips only its own credentials when a redirect
// leads to another host, and turns a redirected PUT into a GET.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case !sameOrigin(req.URL, first.URL):
		return fmt.Errorf("%w: to %s", errRedirected, origin(req.URL))
	case req.Method != first.Method:
		return fmt.Errorf("%w: as %s instead of %s", errRedirected, req.Method, first.Method)
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d times", errRedirected, maxRedirects)
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool { return origin(a) == origin(b) }

// origin is scheme, host and port, without credentials or path.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// withExchange asks the transport to keep what it gets.
func withExchange(ctx context.Context, ex *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, ex)
}

// newBase is a transport with timeouts, TLS 1.2 at least, and the operator's certificates beside the system's.
func newBase(caFile string) (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read CA file: %w", err)
		}
		config.RootCAs, err = x509.SystemCertPool()
		if err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read CA file: %s holds no certificate", caFile)
		}
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     90 * time.Second,
	}, nil
}
