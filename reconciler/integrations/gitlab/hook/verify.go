package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	window        = 5 * time.Minute // between the signature's time and ours
	maxSignatures = 16              // in one header; GitLab sends one for each key of a rotation
)

// The headers of Standard Webhooks.
const (
	headerID        = "webhook-id"
	headerTime      = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// Verify says whether a request is GitLab's: [Accepted], or why not. Where a signature can be checked and there is one, it
// decides: a wrong one is never made good by a right token.
func (k Keys) Verify(h http.Header, body []byte, now time.Time) Outcome {
	if k.signed(h) {
		return k.verifySignature(h, body, now)
	}
	return k.verifyToken(h)
}

// verifyHead is [Keys.Verify] as far as it goes without the body: a token is judged, of a signature no more than its form.
func (k Keys) verifyHead(h http.Header) Outcome {
	if !k.signed(h) {
		return k.verifyToken(h)
	}
	if _, _, signatures := signatureOf(h); len(signatures) == 0 {
		return BadSignature
	}
	return Accepted
}

func (k Keys) verifyToken(h http.Header) Outcome {
	if k.RequireSignature || k.Token == "" {
		return Unsigned
	}
	token, ok := only(h, "X-Gitlab-Token")
	switch {
	case !ok && len(h.Values("X-Gitlab-Token")) == 0:
		return Unsigned
	case !ok || !sameText(token, k.Token):
		return BadToken
	}
	return Accepted
}

// signed says whether the request's id was under a signature that [Keys.Verify] took.
func (k Keys) signed(h http.Header) bool { return len(k.Signing) > 0 && hasSignature(h) }

// hasSignature is true of a part of one as well: what was damaged on the way is not unsigned.
func hasSignature(h http.Header) bool {
	return len(h.Values(headerID)) > 0 || len(h.Values(headerTime)) > 0 || len(h.Values(headerSignature)) > 0
}

// verifySignature tries every key on every signature. The time is judged last: a time that nobody signed says nothing.
func (k Keys) verifySignature(h http.Header, body []byte, now time.Time) Outcome {
	id, at, signatures := signatureOf(h)
	good := 0
	for _, key := range k.Signing {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + at + "."))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, s := range signatures {
			encoded, ok := strings.CutPrefix(s, "v1,")
			got, err := base64.StdEncoding.DecodeString(encoded)
			if ok && err == nil {
				good |= subtle.ConstantTimeCompare(got, want)
			}
		}
	}
	if good != 1 {
		return BadSignature
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return Malformed
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > window || age < -window {
		return Stale
	}
	return Accepted
}

// signatureOf takes a signature's headers apart. Without signatures where one is missing, twice there, or of another form.
func signatureOf(h http.Header) (id, at string, signatures []string) {
	id, hasID := only(h, headerID)
	at, hasTime := only(h, headerTime)
	list, hasList := only(h, headerSignature)
	signatures = strings.Fields(list)
	if !hasID || !hasTime || !hasList || id == "" || len(signatures) > maxSignatures {
		return "", "", nil
	}
	return id, at, signatures
}

// only is the value of a header that is there once. Of two, a proxy may have checked the other one.
func only(h http.Header, name string) (string, bool) {
	values := h.Values(name)
	if len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// sameText compares in a time that depends on neither text, nor on their lengths.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
