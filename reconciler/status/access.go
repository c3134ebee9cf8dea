package status

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
)

// Access says who may look at the page. The zero value lets everybody look who reaches the address, so whoever serves it there
// has to see to that.
type Access struct {
	// Header is set by a proxy that has asked who looks; a request without it is refused.
	Header string
	// Networks are where such a proxy may be. From anywhere else the header says nothing.
	Networks []netip.Prefix
	// Certificate asks for a client certificate, which the TLS server has verified.
	Certificate bool
}

// Guard refuses who may not look, before anything is looked up.
func (a Access) Guard(next http.Handler) http.Handler {
	if a.Header == "" && !a.Certificate {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.allows(r) {
			h := w.Header()
			h.Set("Cache-Control", "no-store")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Content-Security-Policy", policy)
			http.Error(w, "this page asks who looks, and nobody has said so", http.StatusForbidden)
			return
		}
		if a.Header != "" {
			w.Header().Add("Vary", a.Header) // what one may see is no cache's to give to another
		}
		next.ServeHTTP(w, r)
	})
}

func (a Access) allows(r *http.Request) bool {
	if a.Certificate && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return true
	}
	if a.Header == "" {
		return false
	}
	names := r.Header.Values(a.Header)
	if len(names) != 1 || names[0] == "" {
		return false // none, or one that somebody sent and one that the proxy added
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	from, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(a.Networks, func(p netip.Prefix) bool { return p.Contains(from.Unmap()) })
}
