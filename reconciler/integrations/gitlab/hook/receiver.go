package hook

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxBody    = 2 << 20 // bytes; a longer event is found by the next poll
	maxReading = 16      // requests at once
	wakeEvery  = 2 * time.Second
)

// Project is one that is watched.
type Project struct {
	Path   string       // as the operator wrote it, a path or a number
	Number func() int64 // 0 until GitLab has told it
	Own    []string     // refs that only the reconciler moves: to be told of them is nothing new
	Wake   func()       // lets the project be looked at soon; it must not block
}

// Config says what a receiver takes, and from whom.
type Config struct {
	Keys      Files
	Instances []string // GitLabs that requests may say they come from; empty: any
	Projects  []Project

	Now func() time.Time // time.Now by default
	Log *slog.Logger     // silent by default
}

// Receiver is an http.Handler for GitLab's webhooks.
type Receiver struct {
	cfg   Config
	paces []*pace       // of the projects
	slots chan struct{} // one for each request that is being read

	mu     sync.Mutex // guards the rest
	seen   *seen
	counts map[Outcome]uint64
	told   map[Outcome]time.Time // when a refusal was last logged
}

// New reads the keys once, so that a receiver whose secret is missing or empty does not start.
func New(cfg Config) (*Receiver, error) {
	if _, err := cfg.Keys.Read(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Receiver{cfg: cfg, slots: make(chan struct{}, maxReading), seen: newSeen(maxSeen), counts: map[Outcome]uint64{}, told: map[Outcome]time.Time{}}
	for _, p := range cfg.Projects {
		r.paces = append(r.paces, &pace{every: wakeEvery, wake: p.Wake})
	}
	return r, nil
}

// Close ends wake-ups that wait.
func (r *Receiver) Close() error {
	for _, p := range r.paces {
		p.close()
	}
	return nil
}

// Counts are the requests so far, by outcome; none is left out.
func (r *Receiver) Counts() map[string]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]uint64{}
	for _, o := range Outcomes() {
		out[string(o)] = r.counts[o]
	}
	return out
}

// ServeHTTP answers at once: whatever a request leads to comes later.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	o := r.receive(w, req)
	r.note(o, req)
	if o == BadMethod {
		w.Header().Set("Allow", http.MethodPost)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(meanings[o].status)
	io.WriteString(w, string(o)+"\n") // whoever asked may be gone
}

// receive goes from what is cheap to find out to what is not. What the head of a request tells is judged before it takes one of
// the places to read at: else a few strangers who send nothing more would keep GitLab out.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request) Outcome {
	keys, o := r.judgeHead(req)
	if o != Accepted {
		return o
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	default:
		return Busy
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return TooLarge
	case err != nil:
		return Malformed
	}
	return r.judge(keys, req.Header, body)
}

// judgeHead says whether a request is worth being read: [Accepted], or why not.
func (r *Receiver) judgeHead(req *http.Request) (Keys, Outcome) {
	if req.ContentLength > maxBody {
		return Keys{}, TooLarge
	}
	if req.Method != http.MethodPost {
		return Keys{}, BadMethod
	}
	if kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return Keys{}, BadType
	}
	keys, err := r.cfg.Keys.Read()
	if err != nil {
		return Keys{}, NoKeys
	}
	return keys, keys.verifyHead(req.Header)
}

// judge decides on what was read, and wakes the project of an event that is new.
func (r *Receiver) judge(keys Keys, h http.Header, body []byte) Outcome {
	now := r.cfg.Now()
	if o := keys.Verify(h, body, now); o != Accepted {
		return o
	}
	if !r.fromInstance(h) {
		return BadInstance
	}
	e, ok := parse(body)
	if !ok {
		return Malformed
	}
	i := slices.IndexFunc(r.cfg.Projects, func(p Project) bool { return p.is(e) })
	if i < 0 {
		return BadProject
	}
	if r.again(identity(h, body, keys.signed(h)), now) {
		return Duplicate
	}
	if !e.matters() || slices.Contains(r.cfg.Projects[i].Own, e.Ref) {
		return Ignored
	}
	r.paces[i].hurry()
	return Accepted
}

// is says whether an event is about the project: by its number, and only while that is unknown by its path.
func (p Project) is(e event) bool {
	if e.Project.ID <= 0 {
		return false
	}
	if n := p.Number(); n != 0 {
		return e.Project.ID == n
	}
	return e.Project.Path != "" && strings.EqualFold(strings.Trim(p.Path, "/"), e.Project.Path)
}

// fromInstance holds a request to the GitLab that it says it is from. The header is under no signature.
func (r *Receiver) fromInstance(h http.Header) bool {
	if len(r.cfg.Instances) == 0 {
		return true
	}
	from, ok := only(h, "X-Gitlab-Instance")
	return ok && slices.ContainsFunc(r.cfg.Instances, func(i string) bool {
		return strings.EqualFold(strings.TrimRight(i, "/"), strings.TrimRight(from, "/"))
	})
}

func (r *Receiver) again(id [32]byte, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen.again(id, now)
}

// tellEvery keeps whoever sends refused requests from filling the log.
const tellEvery = time.Minute

// note counts a request, and logs a refusal unless one like it was logged a short time ago. Nothing that the request says is
// logged: it may be a secret, and it is not GitLab's.
func (r *Receiver) note(o Outcome, req *http.Request) {
	r.mu.Lock()
	r.counts[o]++
	count, now := r.counts[o], r.cfg.Now()
	tell := o.refused() && (r.told[o].IsZero() || now.Sub(r.told[o]) >= tellEvery)
	if tell {
		r.told[o] = now
	}
	r.mu.Unlock()
	if tell {
		r.cfg.Log.Warn("refused a webhook", "reason", string(o), "from", req.RemoteAddr, "so_far", count, "fix", meanings[o].fix)
	}
}
