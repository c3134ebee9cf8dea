package status

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// answer is a body with the tag that says whether somebody has it already.
type answer struct {
	body []byte
	tag  string
	// packed is the body as gzip, made when somebody takes it so, and once for all who do.
	packed func() []byte
}

// leastPacked is what a body has at least to be worth it: below that it fits a packet anyway.
const leastPacked = 1 << 10

func answerOf(body []byte) answer {
	sum := sha256.Sum256(body)
	return answer{body: body, tag: `"` + hex.EncodeToString(sum[:12]) + `"`, packed: sync.OnceValue(func() []byte { return packed(body) })}
}

// quickly is from how many bytes on a body is packed quickly and not small: the view of ten thousand apps has some megabytes, and is made
// anew for each who asks.
const quickly = 256 << 10

// packers keep what a writer of gzip needs, which is more than most pages; quick are for what is long.
var (
	packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	quick   = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return w }} // which is a level that there is
)

func packed(body []byte) []byte {
	pool := &packers
	if len(body) >= quickly {
		pool = &quick
	}
	w := pool.Get().(*gzip.Writer)
	defer pool.Put(w)
	var b bytes.Buffer
	w.Reset(&b)
	_, _ = w.Write(body) // a buffer refuses nothing
	_ = w.Close()
	return b.Bytes()
}

// isPacked reports whether somebody gets a body as gzip.
//
// How long a packed page is tells who listens on the wire whether a guess that he had put into it (?q=…) stands in it a second time
// (BREACH). No page has anything worth guessing, such as a token, a cookie or a value that looks like a secret. Names of apps are some
// people's alone, though, so what a page of another site makes a browser ask for is not packed.
func (a answer) isPacked(r *http.Request) bool {
	return len(a.body) >= leastPacked && takesGzip(r.Header) && r.Header.Get("Sec-Fetch-Site") != "cross-site"
}

// takesGzip reads what encodings somebody takes. Who says nothing takes none.
func takesGzip(h http.Header) bool {
	named := map[string]float64{}
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, rest, _ := strings.Cut(part, ";")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(rest), " ", ""), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				q = 0
			}
		}
		named[strings.ToLower(strings.TrimSpace(name))] = q
	}
	for _, name := range []string{"gzip", "x-gzip", "*"} {
		if q, ok := named[name]; ok {
			return q > 0 && q >= named["identity"]
		}
	}
	return false
}

// send answers with a body, or 304 where the viewer has it already.
func (s *site) send(w http.ResponseWriter, r *http.Request, kind string, a answer) {
	tag, pack := a.tag, a.isPacked(r)
	if pack { // other bytes are of another tag
		tag = strings.TrimSuffix(a.tag, `"`) + `-gzip"`
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-cache")
	if s.cfg.private {
		h.Set("Cache-Control", "private, no-cache") // no cache between gives it to somebody else
	}
	h.Add("Vary", "Accept-Encoding")
	h.Set("ETag", tag)
	if has(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.body
	if pack {
		body = a.packed()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the viewer may have gone
}

// has reports whether who asks has what a tag is of. A proxy that packed it itself made the tag a weak one.
func has(r *http.Request, tag string) bool {
	given := strings.Split(strings.Join(r.Header.Values("If-None-Match"), ","), ",")
	return slices.ContainsFunc(given, func(one string) bool {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		return one == tag || one == "*"
	})
}
