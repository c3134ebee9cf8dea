// Package gitlab asks GitLab which merge request brought a commit to a stage's ref, and who approved it.
//
// A [Client] answers with the nouns of package schema; nothing of the client library leaves the package. The library
// (github.com/xanzy/go-gitlab, frozen) builds and sends the requests; what it gets wrong is put right here: README.md
// lists each defect and the test that holds it off.
//
// GitLab is a witness and not trusted to decide: its own "approved" and "approvals left" are never read, since both say
// yes with no approval at all on some editions. Whatever cannot be found out in full is an error, never less of an answer.
package gitlab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	gogitlab "github.com/xanzy/go-gitlab"
)

// Config says which project of which GitLab is asked, and how patiently.
type Config struct {
	// URL is GitLab's address, "https://gitlab.example.com", without /api/v4 and without credentials.
	URL string
	// Project is the number of the project or its full path, "acme/config".
	Project string
	// TokenFile holds an access token with scope read_api, of a user with role Reporter. It is read at every request.
	TokenFile string
	// CAFile holds certificates (PEM) that are trusted beside the system's.
	CAFile string
	// Pushes says that the reconciler pushes with this very token, so that whose it is tells what may be pushed; Writes, that
	// it opens merge requests or writes notes with it. Both only tell [Client.Health] what to expect.
	Pushes, Writes bool
	// PlainHTTP allows a URL without TLS to another machine: then whoever is on the way reads the token and can invent
	// approvals. This machine itself may always be asked without.
	PlainHTTP bool

	Timeout           time.Duration // of one try of one request, body included; 30 s by default
	MaxPause          time.Duration // longest wait between two tries, 30 s by default; a longer Retry-After gives up at once
	Tries             int           // of one request; 4 by default
	RequestsPerSecond float64       // 10 by default, with bursts of three times as many; without Budget

	Budget *Budget // shared by the clients of one GitLab; one of its own by default

	Now   func() time.Time                           // time.Now by default
	Pause func(context.Context, time.Duration) error // waits between tries; a timer by default
	Log   *slog.Logger                               // silent by default
}

// Client asks one project of one GitLab. Its methods may be called from several goroutines.
type Client struct {
	cfg  Config
	home *url.URL
	host string // as people and the trust root write it
	http *http.Client
	api  *gogitlab.Client

	project atomic.Int64  // 0 until GitLab has told the number
	finding chan struct{} // held by whoever asks for it
	open    openList
}

// New checks the configuration, reads the token once, and asks GitLab nothing: the project's number is found with the
// first request. So a reconciler can start, and repair drift, while GitLab is away.
func New(cfg Config) (*Client, error) {
	c, err := build(cfg)
	if err != nil {
		return nil, fmt.Errorf("set up gitlab: %w", err)
	}
	return c, nil
}

// Open is New and finds the project, so that a wrong address, token or project shows at once.
func Open(ctx context.Context, cfg Config) (*Client, error) {
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	if _, err := c.projectID(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close gives back idle connections. The client can still be used.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

func build(cfg Config) (*Client, error) {
	fill(&cfg)
	home, err := checkURL(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Project = strings.Trim(cfg.Project, "/"); cfg.Project == "" {
		return nil, errors.New("project is empty")
	}
	token := &tokenFile{path: cfg.TokenFile, log: cfg.Log}
	if _, err := token.read(); err != nil {
		return nil, err
	}
	base, err := newBase(cfg.CAFile)
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, home: home, host: hostOf(home), finding: make(chan struct{}, 1), open: newOpenList(), http: &http.Client{
		CheckRedirect: checkRedirect,
		Transport:     &transport{base: base, home: home, token: token},
	}}
	// The library gets no token: the transport adds it. A limiter of our own also keeps the library from making one,
	// which races and takes the limit of one endpoint for that of all. Retries are ours, see ask.
	//lint:ignore SA1019 frozen, with all of its defects known and held off; README.md lists them
	c.api, err = gogitlab.NewClient("",
		gogitlab.WithBaseURL(home.String()),
		gogitlab.WithHTTPClient(c.http),
		gogitlab.WithCustomLimiter(cfg.Budget.limiter),
		gogitlab.WithoutRetries(),
	)
	if err != nil {
		return nil, err
	}
	c.api.UserAgent = "sluice"
	return c, nil
}

func fill(cfg *Config) {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.MaxPause <= 0 {
		cfg.MaxPause = 30 * time.Second
	}
	if cfg.Tries <= 0 {
		cfg.Tries = 4
	}
	if cfg.Budget == nil {
		cfg.Budget = NewBudget(cfg.RequestsPerSecond)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Pause == nil {
		cfg.Pause = pause
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
}

// checkURL never repeats a URL that holds credentials.
func checkURL(cfg Config) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(cfg.URL, "/"))
	if err != nil {
		return nil, errors.New("url cannot be parsed; want https://gitlab.example.com")
	}
	switch {
	case u.User != nil:
		return nil, errors.New("url holds a user or password; put the token into a file and name it as token_file")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, fmt.Errorf("url %q: want https://gitlab.example.com", cfg.URL)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("url has more than an address; want https://gitlab.example.com")
	case u.Scheme == "http" && !cfg.PlainHTTP && !loopback(u.Hostname()):
		return nil, fmt.Errorf("url %q sends the token without TLS; use https, or allow plain http", cfg.URL)
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/api/v4")
	return u, nil
}

// hostOf is the host in small letters, with its port only if it is not the scheme's own.
func hostOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Port() == ports[u.Scheme] {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return host
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// projectID is the project's number. Paths are only used to find it: after a rename they redirect, or lead to another
// project.
func (c *Client) projectID(ctx context.Context) (int64, error) {
	if id := c.project.Load(); id != 0 {
		return id, nil
	}
	select {
	case c.finding <- struct{}{}:
		defer func() { <-c.finding }()
	case <-ctx.Done():
		return 0, &Error{Doing: "find project " + strconv.Quote(c.cfg.Project), Kind: ErrUnavailable, Err: context.Cause(ctx)}
	}
	if id := c.project.Load(); id != 0 {
		return id, nil
	}
	found, err := c.askProject(ctx, gogitlab.PathEscape(c.cfg.Project))
	if err != nil {
		return 0, err
	}
	c.project.Store(found)
	return found, nil
}

// Number is the project's number, 0 until GitLab has told it. Nobody is asked.
func (c *Client) Number() int64 { return c.project.Load() }

func (c *Client) askProject(ctx context.Context, key string) (int64, error) {
	r := request{doing: "find project " + strconv.Quote(c.cfg.Project), path: "projects/" + key}
	a, err := c.ask(ctx, r)
	if err != nil {
		if e := (*Error)(nil); errors.As(err, &e) && e.Kind == ErrMissing {
			e.Kind = ErrNotFound
			c.adviseMissing(e)
		}
		return 0, err
	}
	var project struct {
		ID int64 `json:"id"`
	}
	if err := c.decode(r.doing, a, &project); err != nil {
		return 0, err
	}
	if asked, err := strconv.ParseInt(c.cfg.Project, 10, 64); project.ID <= 0 || err == nil && asked != project.ID {
		return 0, c.incomplete(r.doing, a, ErrIncomplete, "the answer is about project %d", project.ID)
	}
	return project.ID, nil
}

// below is a path below the project.
func (c *Client) below(ctx context.Context, format string, args ...any) (string, error) {
	id, err := c.projectID(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("projects/%d/", id) + fmt.Sprintf(format, args...), nil
}
