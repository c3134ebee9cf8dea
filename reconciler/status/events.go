package status

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// keptChanges is how many changes somebody may have missed and still be told one by one.
const keptChanges = 4096

// Between two looks for what changed, and between two signs of life on a stream that has nothing to say.
const (
	lookEvery = 250 * time.Millisecond
	signEvery = 15 * time.Second
)

// mostStreams bounds what viewers can make the site hold open.
const mostStreams = 2000

// cellChange is a cell that looks otherwise than before. It has words for text nodes, and no markup.
type cellChange struct {
	Cell     string `json:"cell"`
	State    string `json:"state"`
	Symbol   string `json:"symbol"`
	Tone     tone   `json:"tone"`
	Revision string `json:"revision"`
}

// whole is what a new view says of everything.
type whole struct {
	Text  string `json:"text"`
	Fresh string `json:"fresh"`
	Stale bool   `json:"stale"` // nothing of it is known to be so now
	View  int64  `json:"view"`  // counts views: what is on a page beside the sentence may differ
	After int64  `json:"after"` // seconds after which it is not, if nobody says it again; 0 for never
}

// change is one change of a cell, with its place in the order of all.
type change struct {
	seq  int64
	cell cellChange
}

// changes remembers what changed from view to view. Nothing runs in the background: whoever reads a stream looks.
type changes struct {
	cfg  Config
	boot string // of this process: a number that somebody brings from another one says nothing

	mu      sync.Mutex // guards what follows
	view    *schema.View
	stale   string
	whole   whole // what the view says of everything: counted once, and not for each of those who look
	cells   map[schema.Cell]cellChange
	ring    []change
	seq     int64
	views   int64
	streams int
}

func newChanges(cfg Config) *changes {
	return &changes{cfg: cfg, boot: strconv.FormatInt(cfg.Now().UnixNano(), 36), cells: map[schema.Cell]cellChange{}}
}

// look takes in what was published since the last look and returns the newest number and what a view says as a whole.
func (c *changes) look() (int64, whole) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, now := c.cfg.View(), c.cfg.Now()
	if v == nil {
		return c.seq, whole{}
	}
	stale := staleBar(*v, now)
	if v != c.view || stale != "" && c.stale == "" || stale == "" && c.stale != "" {
		first := c.view == nil
		c.view, c.stale = v, stale
		c.take(v, stale != "", first)
		c.views++
		c.whole = whole{View: c.views, Text: cmp.Or(nothing(*v), summary(*v, now)), Fresh: freshness(*v, time.Time{}), Stale: stale != "", After: int64(v.StaleAfter.Seconds())}
	}
	return c.seq, c.whole
}

func (c *changes) take(v *schema.View, stale, first bool) {
	for i := range v.Apps {
		for j := range v.Apps[i].Cells {
			cell := &v.Apps[i].Cells[j]
			state := shown(*cell, stale)
			l := lookOf(state)
			now := cellChange{Cell: safe(string(cell.Cell.Stage) + "/" + string(cell.Cell.App)), State: safe(string(state)), Symbol: l.Symbol, Tone: l.Tone}
			if cell.Seq > 0 && cell.Revision != schema.None {
				now.Revision = name(cell.Revision)
			}
			if c.cells[cell.Cell] == now {
				continue
			}
			c.cells[cell.Cell] = now
			if !first {
				c.seq++
				c.ring = append(c.ring, change{c.seq, now})
			}
		}
	}
	if len(c.ring) > 2*keptChanges {
		c.ring = slices.Clone(c.ring[len(c.ring)-keptChanges:])
	}
}

// since returns what changed after a number, the latest of each cell, and up to which number; ok is false where that is not
// known any more.
func (c *changes) since(seq int64) (out []cellChange, upTo int64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if seq > c.seq || seq < c.seq && (len(c.ring) == 0 || c.ring[0].seq > seq+1) {
		return nil, c.seq, false
	}
	from, _ := slices.BinarySearchFunc(c.ring, seq+1, func(have change, seq int64) int { return int(have.seq - seq) })
	latest := map[string]int{}
	for _, change := range c.ring[from:] {
		if i, known := latest[change.cell.Cell]; known {
			out[i] = change.cell
			continue
		}
		latest[change.cell.Cell] = len(out)
		out = append(out, change.cell)
	}
	return out, c.seq, true
}

func (c *changes) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams >= mostStreams {
		return false
	}
	c.streams++
	return true
}

func (c *changes) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams--
}

// events streams what changes, for as long as somebody looks. It ends by itself when the process does: the request's context
// ends then.
func (s *site) events(w http.ResponseWriter, r *http.Request) {
	q, torn := readAddress(r.URL.RawQuery)
	if wrong := (asked{q: q, torn: torn}).refused([]filter{{"last", upTo(64)}}); wrong != nil {
		s.problem(w, r, *wrong)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return
	}
	if !s.changes.enter() {
		w.Header().Set("Retry-After", "30")
		s.problem(w, r, problem{Title: "too many streams are open", Status: http.StatusServiceUnavailable})
		return
	}
	defer s.changes.leave()
	control := http.NewResponseController(w)
	stream := &stream{changes: s.changes, w: w, control: control}
	stream.begin(cmp.Or(r.Header.Get("Last-Event-ID"), q.Get("last")))
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for stream.err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-s.cfg.Done:
			return
		case <-tick.C:
			stream.turn()
		}
	}
}

// stream is one viewer's.
type stream struct {
	changes *changes
	w       http.ResponseWriter
	control *http.ResponseController
	at      int64
	told    whole
	quiet   time.Duration
	err     error
}

// begin says where the stream is. Somebody who was here before is told what was missed, or to load the page again.
func (s *stream) begin(last string) {
	seq, told := s.changes.look()
	s.at, s.told = seq, told
	s.print("retry: 3000\n\n")
	boot, number, _ := strings.Cut(last, "-")
	missed, err := strconv.ParseInt(number, 10, 64)
	switch {
	case last == "":
	case boot != s.changes.boot || err != nil:
		s.event("resync", struct{}{})
	default:
		s.at = missed
		if !s.cells() {
			s.event("resync", struct{}{})
		}
	}
	s.event("whole", told)
}

// turn tells what changed since the last one.
func (s *stream) turn() {
	seq, told := s.changes.look()
	if seq == s.at && told == s.told {
		if s.quiet += lookEvery; s.quiet >= signEvery {
			s.quiet = 0
			s.print(": still here\n\n")
		}
		return
	}
	s.quiet = 0
	if seq != s.at && !s.cells() {
		s.event("resync", struct{}{})
	}
	if told != s.told {
		s.told = told
		s.event("whole", told)
	}
}

func (s *stream) cells() bool {
	changed, upTo, ok := s.changes.since(s.at)
	s.at = upTo
	if !ok {
		return false
	}
	if len(changed) > 0 {
		s.event("cells", changed)
	}
	return true
}

func (s *stream) event(kind string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		s.err = err
		return
	}
	s.print(fmt.Sprintf("id: %s-%d\nevent: %s\ndata: %s\n\n", s.changes.boot, s.at, kind, text))
}

// print gives a viewer that does not read half a minute: then it is gone, and comes back with what it knew last.
func (s *stream) print(text string) {
	if s.err != nil {
		return
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(30 * time.Second)) // a recorder has none
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.control.Flush()
	}
}
