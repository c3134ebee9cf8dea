package gitlabtest

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// advertised are git's own answers to the first request of protocol version 2. They name what this git with these settings
// can do and no ref, so every repository with the same settings gives the same one.
var advertised sync.Map // of settings, to *heldAnswer

// advertise answers the first request of a fetch: git is asked once.
func (s *Server) advertise(w http.ResponseWriter, r *http.Request, p *project) {
	if r.Header.Get("Git-Protocol") == "" {
		s.listRefs(w, r, p)
		return
	}
	settings, err := os.ReadFile(filepath.Join(p.repo.dir, "config"))
	if err != nil || r.URL.Query().Get("service") != "git-upload-pack" || r.Header.Get("Git-Protocol") != "version=2" {
		s.tellRefs(w, r, p)
		return
	}
	key := s.git.path + "\x00" + string(settings)
	kept, known := advertised.Load(key)
	if !known {
		answer := &heldAnswer{header: http.Header{}, status: http.StatusOK}
		s.tellRefs(answer, r, p)
		if kept = answer; answer.status == http.StatusOK && bytes.HasPrefix(answer.body.Bytes(), []byte("000eversion 2\n")) {
			advertised.Store(key, answer)
		}
	}
	kept.(*heldAnswer).copyTo(w)
}
