package status

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"
)

// secure reports whether who looks came by TLS: to here, or to the proxy that asks who looks and says so. A browser that was told to
// come by nothing else does so for every port of the name, so localhost, which other programs have as well, is told nothing.
func (a Access) secure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(a.told(r, "X-Forwarded-Proto"), "https")
}

// plainHost is a host as addresses have one. Somebody else's request may have anything.
var plainHost = regexp.MustCompile(`^(?:[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$`)

// origin is what absolute addresses of the page begin with, as who asks has come to it; empty where that is no address.
func (a Access) origin(r *http.Request) string {
	host := cmp.Or(a.told(r, "X-Forwarded-Host"), r.Host)
	switch {
	case len(host) > 255 || !plainHost.MatchString(host):
		return ""
	case a.secure(r):
		return "https://" + host
	}
	return "http://" + host
}
