package gitrepo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
)

// Remote says where a repository is and how to log in. Credentials are files that are read at each use, so that they
// can be rotated; they go to the URL's own origin and into no error, log or file.
type Remote struct {
	// URL is https://, http:// (this host only, unless PlainHTTP), ssh://, git@host:path, file:// or an absolute path.
	// It carries no password.
	URL string
	// Username is "oauth2" by default for a token, "git" for SSH.
	Username string
	// TokenFile holds the token or password for https and http.
	TokenFile string
	// SSHKeyFile holds a private key without passphrase; without it the SSH agent is asked.
	SSHKeyFile string
	// KnownHostsFile holds the host keys to accept; by default those that ssh uses.
	KnownHostsFile string
	// CAFile holds certificates in PEM that are accepted beside the system's.
	CAFile string
	// PlainHTTP allows http:// to other hosts, where everybody on the way reads along.
	PlainHTTP bool
	// Timeout bounds each operation on the network; 5 minutes by default.
	Timeout time.Duration
}

const defaultTimeout = 5 * time.Minute

// remote is a Remote that was checked.
type remote struct {
	Remote
	url   *url.URL
	http  *http.Client // nil for ssh and file
	proto transport.Transport
	late  atomic.Int64 // connections nobody waits for any more, that do not end

	ending sync.WaitGroup // runs of git on this machine that have said what they did, and do not end yet
}

// maxLate bounds what a server that accepts connections and says nothing can make us hold.
const maxLate = 8

var scpLike = regexp.MustCompile(`^([A-Za-z0-9._-]+)@([A-Za-z0-9.-]+):([^/].*)$`)

func newRemote(from Remote, limits Limits) (*remote, error) {
	u, err := parseRemote(from)
	if err != nil {
		return nil, err
	}
	r := &remote{Remote: from, url: u}
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	switch u.Scheme {
	case "file":
		r.proto = newLocal(&r.ending)
	case "ssh":
		if user := u.User.Username(); r.Username == "" {
			r.Username = user
		}
		if r.Username == "" {
			r.Username = gitssh.DefaultUsername
		}
		r.proto = gitssh.DefaultClient
	default:
		if r.http, err = newHTTPClient(r, limits); err != nil {
			return nil, err
		}
		r.proto = githttp.NewClient(r.http)
	}
	return r, nil
}

func parseRemote(from Remote) (*url.URL, error) {
	raw := from.URL
	if filepath.IsAbs(raw) {
		return &url.URL{Scheme: "file", Path: raw}, nil
	}
	if m := scpLike.FindStringSubmatch(raw); m != nil && !strings.Contains(raw, "://") {
		return &url.URL{Scheme: "ssh", User: url.User(m[1]), Host: m[2], Path: m[3]}, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("remote URL does not parse: %w", ErrUsage) // the error would quote a password
	}
	if u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return nil, fmt.Errorf("remote URL: want scheme, host and path only: %w", ErrUsage)
	}
	if _, hasPassword := u.User.Password(); hasPassword || u.User != nil && u.Scheme != "ssh" {
		return nil, fmt.Errorf("remote URL carries credentials: put them into a file and name that as token file: %w", ErrUsage)
	}
	switch u.Scheme {
	case "https", "ssh":
		if u.Hostname() == "" {
			return nil, fmt.Errorf("remote URL %s names no host: %w", u, ErrUsage)
		}
	case "http":
		if !from.PlainHTTP && !isLoopback(u.Hostname()) {
			return nil, fmt.Errorf("remote URL %s is not encrypted: use https, or allow plain http explicitly: %w", u, ErrUsage)
		}
	case "file":
		if u.Host != "" || !filepath.IsAbs(u.Path) {
			return nil, fmt.Errorf("remote URL %s: want file:///absolute/path: %w", u, ErrUsage)
		}
	default:
		return nil, fmt.Errorf("remote URL scheme %q: want https, ssh, file or http: %w", u.Scheme, ErrUsage)
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String is the URL without a user, for messages.
func (r *remote) String() string {
	shown := *r.url
	shown.User = nil
	return shown.String()
}

func (r *remote) endpoint() (*transport.Endpoint, error) {
	ep := &transport.Endpoint{Protocol: r.url.Scheme, Host: r.url.Hostname(), Path: r.url.Path, User: ""}
	if strings.Contains(ep.Host, ":") {
		ep.Host = "[" + ep.Host + "]"
	}
	if r.url.Scheme == "http" || r.url.Scheme == "https" {
		ep.Path = r.url.EscapedPath()
	}
	if port := r.url.Port(); port != "" {
		n, err := net.LookupPort("tcp", port)
		if err != nil {
			return nil, fmt.Errorf("remote URL port %q: %w", port, ErrUsage)
		}
		ep.Port = n
	}
	ep.Path = strings.TrimSuffix(ep.Path, "/")
	return ep, nil
}

// session is one conversation with the remote.
type session interface {
	transport.Session
}

// dial opens a session. Transports connect without a context, so a session that comes too late is closed.
func dial[S session](ctx context.Context, r *remote, open func(*transport.Endpoint, transport.AuthMethod) (S, error)) (S, error) {
	var none S
	ep, err := r.endpoint()
	if err != nil {
		return none, err
	}
	auth, err := r.auth()
	if err != nil {
		return none, err
	}
	if r.late.Load() >= maxLate {
		return none, fmt.Errorf("%w: %d earlier connections still hang", ErrUnreachable, maxLate)
	}
	type result struct {
		s   S
		err error
	}
	done := make(chan result, 1)
	go func() {
		s, err := open(ep, auth)
		done <- result{s, err}
	}()
	select {
	case got := <-done:
		return got.s, classify(got.err)
	case <-ctx.Done():
		r.late.Add(1)
		go func() {
			defer r.late.Add(-1)
			if late := <-done; late.err == nil {
				_ = late.s.Close() // nobody waits for it
			}
		}()
		return none, classify(ctx.Err())
	}
}

// auth is nil where the HTTP client adds credentials itself.
func (r *remote) auth() (transport.AuthMethod, error) {
	if r.url.Scheme != "ssh" {
		return nil, nil
	}
	return r.sshAuth()
}

// close gives git on this machine a moment to end; a hook may hold it up for longer than anybody wants to wait.
func (r *remote) close() {
	if r.http != nil {
		r.http.CloseIdleConnections()
	}
	ended := make(chan struct{})
	go func() {
		r.ending.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(patience):
	}
}

// secret reads a credential at its use.
func secret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read credential: %w: %w", ErrUsage, err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return "", fmt.Errorf("read credential %s: want one line: %w", path, ErrUsage)
	}
	return token, nil
}
