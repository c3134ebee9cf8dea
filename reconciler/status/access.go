package status

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Access says who may look at the page, and at what of it. The zero value lets everybody look at everything who reaches the
// address, so whoever serves it there has to see to that.
type Access struct {
	// Header is set by a proxy that has asked who looks; a request without it is refused.
	Header string
	// Networks are where such a proxy may be. From anywhere else its headers say nothing.
	Networks []netip.Prefix
	// Certificate asks for a client certificate, which the TLS server has verified.
	Certificate bool
	// Groups is a header of that proxy's with the groups of who looks; those of a certificate are its organizations.
	Groups string
	// Visible is what each group sees; a group that it does not name sees nothing. Nil: everybody sees everything.
	Visible []schema.Visibility
	// ThisHost answers only requests that were made for a name of this host. A page of somebody else's in a browser here, whose name
	// leads to a loopback address, asks for its own name, and would else read everything where nobody is asked who looks.
	ThisHost bool
}

// Guard refuses who may not look, before anything is looked up.
func (a Access) Guard(next http.Handler) http.Handler {
	return a.guard(func(*http.Request) http.Handler { return next })
}

// guard passes a request on to what is there for it.
func (a Access) guard(next func(*http.Request) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.secure(r) && !OfThisHost(r.Host) {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		if a.ThisHost && !OfThisHost(r.Host) {
			refuseWith(w, r, http.StatusMisdirectedRequest, "this page asks nobody who looks, so it answers for localhost and loopback addresses alone; for another name say in the operator's file who may look: "+
				"access: {header: X-Forwarded-User, networks: [127.0.0.1/32]}, or {public: true}")
			return
		}
		if a.asks() && !a.allows(r) {
			refuse(w, r, "this page asks who looks, and nobody has said so")
			return
		}
		for _, header := range []string{a.Header, a.Groups} {
			if header != "" {
				w.Header().Add("Vary", header) // what one may see is no cache's to give to another
			}
		}
		next(r).ServeHTTP(w, r)
	})
}

// OfThisHost reports whether a host, with or without a port, is reached from this one alone.
func OfThisHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func refuse(w http.ResponseWriter, r *http.Request, why string) {
	refuseWith(w, r, http.StatusForbidden, why)
}

func refuseWith(w http.ResponseWriter, r *http.Request, code int, why string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy)
	if forPrograms(r.URL.Path) {
		writeProblem(w, r, problem{Title: why, Status: code})
		return
	}
	http.Error(w, why, code)
}

// asks reports whether it matters who looks. Rules about groups ask even where nothing says who somebody is: then nobody is in
// any.
func (a Access) asks() bool { return a.Header != "" || a.Certificate || a.Visible != nil }

func (a Access) allows(r *http.Request) bool { return a.certified(r) || a.told(r, a.Header) != "" }

func (a Access) certified(r *http.Request) bool {
	return a.Certificate && r.TLS != nil && len(r.TLS.VerifiedChains) > 0
}

// told is what the proxy says in a header; empty where it says nothing, or somebody says it as well.
func (a Access) told(r *http.Request, header string) string {
	if header == "" {
		return ""
	}
	said := r.Header.Values(header)
	if len(said) != 1 {
		return "" // none, or one that somebody sent and one that the proxy added
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	from, err := netip.ParseAddr(host)
	if err != nil || !slices.ContainsFunc(a.Networks, func(p netip.Prefix) bool { return p.Contains(from.Unmap()) }) {
		return ""
	}
	return said[0]
}

// viewer names who looks, for those that count requests: whom the proxy names, else whose certificate it is, else where it comes
// from. A network of IPv6 is one viewer, since whoever has it has all of its addresses.
func (a Access) viewer(r *http.Request) string {
	if name := a.told(r, a.Header); name != "" {
		return "user " + name
	}
	if a.certified(r) && len(r.TLS.PeerCertificates) > 0 {
		return fmt.Sprintf("certificate %x", sha256.Sum256(r.TLS.PeerCertificates[0].Raw))
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	from, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if from = from.Unmap(); from.Is4() {
		return from.String()
	}
	network, _ := from.WithZone("").Prefix(64) // which every address of IPv6 has
	return network.String()
}

// groups are those of who looks: what the proxy says of somebody whom it named, else what the certificate says. A proxy's own
// certificate lends nobody its groups.
func (a Access) groups(r *http.Request) []string {
	var out []string
	if a.told(r, a.Header) != "" {
		for name := range strings.SplitSeq(a.told(r, a.Groups), ",") {
			out = append(out, strings.TrimSpace(name))
		}
		return out
	}
	if a.certified(r) && len(r.TLS.PeerCertificates) > 0 {
		return r.TLS.PeerCertificates[0].Subject.Organization
	}
	return nil
}

// rules are the places in Visible of what holds for who looks.
func (a Access) rules(r *http.Request) []int {
	var out []int
	groups := a.groups(r)
	for i, v := range a.Visible {
		if v.Group != "" && slices.Contains(groups, v.Group) {
			out = append(out, i)
		}
	}
	return out
}
