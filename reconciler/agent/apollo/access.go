package apollo

import (
	"crypto/hmac"
	"crypto/sha1" // the client's choice: what is protected is a minute's right to read
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Keys are access keys by app. More than one lets an old one go later than the new one comes.
type Keys map[string][]string

// ParseKeys reads a file of access keys: "APP KEY" on each line, and nothing else but empty lines and those that begin
// with #. Errors name lines, never a key.
func ParseKeys(text string) (Keys, error) {
	keys := Keys{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 || len(fields[1]) < minKey {
			return nil, fmt.Errorf("line %d: want an app and its access key of at least %d characters", n, minKey)
		}
		app := strings.ReplaceAll(fields[0], ".", "/") // an appId is as good
		keys[app] = append(keys[app], fields[1])
	}
	if len(keys) == 0 {
		return nil, errors.New("no access key")
	}
	return keys, nil
}

const (
	minKey = 16
	window = time.Minute
)

// allowed says why a request is not answered, and nothing where it is.
func (o Options) allowed(r *http.Request, q question) string {
	keys := o.Keys[q.app]
	if len(keys) == 0 {
		if o.Anonymous {
			return ""
		}
		return "Unauthorized"
	}
	stamp := r.Header.Get("Timestamp")
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || o.Now().Sub(time.UnixMilli(ms)).Abs() >= window {
		return "RequestTimeTooSkewed"
	}
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Apollo "+q.id+":")
	signature, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return "Unauthorized"
	}
	// Clients sign the path as they send it, or as it is without escapes; either says which request it is.
	for _, path := range []string{r.URL.EscapedPath(), r.URL.Path} {
		if r.URL.RawQuery != "" {
			path += "?" + r.URL.RawQuery
		}
		for _, key := range keys {
			if hmac.Equal(signature, sign(key, stamp+"\n"+path)) {
				return ""
			}
		}
	}
	return "Unauthorized"
}

func sign(key, text string) []byte {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
