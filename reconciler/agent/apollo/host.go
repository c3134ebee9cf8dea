package apollo

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// called reports whether a request is for this server. A page in a browser may point a name of its own at an address of this
// machine and read what is answered there without a key; it cannot make the browser ask for another name than its own.
func (o Options) called(r *http.Request) bool {
	host := hostOf(r)
	return o.AnyName || host == "localhost" || net.ParseIP(host) != nil || slices.ContainsFunc(o.Names, func(name string) bool { return strings.EqualFold(name, host) })
}

// hostOf is who a request asks for, without a port.
func hostOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// misdirected logs who was asked for instead, a line a minute at most.
func (s *Server) misdirected(r *http.Request) {
	s.mu.Lock()
	now := s.opts.Now()
	quiet := now.Sub(s.warned) < time.Minute
	if !quiet {
		s.warned = now
	}
	s.mu.Unlock()
	if !quiet {
		s.opts.Log.Warn("refused a request for another name than this server's", "host", hostOf(r), "from", r.RemoteAddr)
	}
}
