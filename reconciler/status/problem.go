package status

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// problem is an error as RFC 9457 writes it.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

func (s *site) problem(w http.ResponseWriter, r *http.Request, p problem) { writeProblem(w, r, p) }

func writeProblem(w http.ResponseWriter, r *http.Request, p problem) {
	p.Type = "about:blank"
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // also of HEAD
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the viewer may have gone
	}
}

// forPrograms reports whether an address is one of the API, also of a project below a name, whether or not there is one: then
// errors are written for programs too.
func forPrograms(path string) bool {
	if rest, below := strings.CutPrefix(path, "/p/"); below {
		_, rest, _ = strings.Cut(rest, "/")
		path = "/" + rest
	}
	return path == "/api" || strings.HasPrefix(path, "/api/")
}
