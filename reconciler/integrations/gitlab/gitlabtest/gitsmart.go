package gitlabtest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// Smart HTTP is served as GitLab does: upload-pack and receive-pack are started for each request, with no git http-backend in
// between, which would be a process more and only hands bytes on.

// services are the content types' names of the two.
var services = []string{"git-upload-pack", "git-receive-pack"}

// fits refuses what smart HTTP has no answer to, with git http-backend's statuses.
func fits(w http.ResponseWriter, r *http.Request, rest string) bool {
	methods, service := []string{http.MethodPost}, rest
	if rest == "info/refs" {
		methods, service = []string{http.MethodGet, http.MethodHead}, r.URL.Query().Get("service")
	}
	switch {
	case !slices.Contains(methods, r.Method):
		w.Header().Set("Allow", strings.Join(methods, ", "))
		http.Error(w, "405 Method Not Allowed", http.StatusMethodNotAllowed)
	case !slices.Contains(services, service):
		http.Error(w, "Unsupported service", http.StatusForbidden)
	case rest != "info/refs" && r.Header.Get("Content-Type") != "application/x-"+service+"-request":
		http.Error(w, "Unsupported Media Type", http.StatusUnsupportedMediaType)
	default:
		return true
	}
	return false
}

// requestOf reads a whole request: git may answer before it has read all, and a Go server takes in no more after that.
func requestOf(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body := http.MaxBytesReader(w, r.Body, maxPush)
	if coding := r.Header.Get("Content-Encoding"); coding == "gzip" || coding == "x-gzip" {
		plain, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = http.MaxBytesReader(w, plain, maxPush)
	}
	return io.ReadAll(body)
}

// refuseBody answers a request that could not be read.
func refuseBody(w http.ResponseWriter, err error) {
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		http.Error(w, "request too large", http.StatusRequestEntityTooLarge)
		return
	}
	http.Error(w, "the request cannot be read: "+err.Error(), http.StatusBadRequest)
}

// tellRefs lets git answer the first request of a fetch or push.
func (s *Server) tellRefs(w http.ResponseWriter, r *http.Request, p *project) {
	service := r.URL.Query().Get("service")
	smartHeader(w.Header(), service+"-advertisement")
	if protocol := r.Header.Get("Git-Protocol"); !slices.Contains(strings.Split(protocol, ":"), "version=2") {
		io.WriteString(w, serviceLine(service)) // a client that left is not our trouble
	}
	s.serve(w, r, p, nil, nil, service, "--http-backend-info-refs")
}

// serviceLine begins the answer to the first request, but for protocol 2.
func serviceLine(service string) string {
	line := "# service=" + service + "\n"
	return fmt.Sprintf("%04x%s0000", len(line)+4, line)
}

// transfer lets git do the fetch or push that a request asks for.
func (s *Server) transfer(w http.ResponseWriter, r *http.Request, p *project, body []byte, env []string) {
	service := path.Base(r.URL.Path)
	smartHeader(w.Header(), service+"-result")
	s.serve(w, r, p, body, env, service, "--stateless-rpc")
}

func smartHeader(h http.Header, kind string) {
	h.Set("Content-Type", "application/x-"+kind)
	h.Set("Expires", "Fri, 01 Jan 1980 00:00:00 GMT")
	h.Set("Pragma", "no-cache")
	h.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
}

// serve starts the program of a service in the repository, whose folder keeps its name when the project is renamed.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, p *project, body []byte, env []string, service, how string) {
	cmd := exec.Command(s.git.path, strings.TrimPrefix(service, "git-"), how, ".")
	cmd.Dir = p.repo.dir
	cmd.Env = append(append(slices.Clone(s.git.env), env...), "GIT_PROTOCOL="+r.Header.Get("Git-Protocol"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(body), w, logWriter{s.log}
	err := cmd.Run()
	if err != nil {
		s.log.Debug("git ended badly", "service", service, "error", err) // the client was told by git, or has left
	}
	if cmd.Process == nil {
		http.Error(w, "git did not start", http.StatusInternalServerError)
	}
}

// logWriter turns what git prints into log lines.
type logWriter struct{ log *slog.Logger }

func (l logWriter) Write(b []byte) (int, error) {
	l.log.Debug("git spoke", "text", fmt.Sprintf("%q", b))
	return len(b), nil
}
