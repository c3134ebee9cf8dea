package gitlab

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
)

// A secret never shows itself, whatever formats it.
type secret string

func (secret) String() string       { return "[sealed]" }
func (secret) GoString() string     { return "[sealed]" }
func (secret) LogValue() slog.Value { return slog.StringValue("[sealed]") }

// redact takes the secret out of a text that somebody else wrote.
func (s secret) redact(text string) string {
	if s == "" {
		return text
	}
	return strings.ReplaceAll(text, string(s), s.String())
}

func (s secret) in(body []byte) bool { return s != "" && bytes.Contains(body, []byte(s)) }

// A real one has some dozens. One of a few letters would be found in every answer, and none could be kept.
const (
	minToken = 8       // bytes
	maxToken = 4 << 10 // bytes
)

// tokenFile is where the token lies. It is read at every request, so that a rotated one is used without a restart.
type tokenFile struct {
	path string
	log  *slog.Logger
	warn sync.Once
}

// read refuses what cannot be a token. A file that others may read is only warned of: Kubernetes, Docker and GitLab CI
// all mount their secrets like that, inside a container of their own.
func (f *tokenFile) read() (secret, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	switch {
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("read token: %s is not a file", f.path)
	case info.Size() > maxToken:
		return "", fmt.Errorf("read token: %s is too large to be a token", f.path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		f.warn.Do(func() {
			f.log.Warn("found the token file readable by others", "file", f.path, "mode", mode.String(), "fix", "chmod 600 "+f.path)
		})
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("read token: %s is empty", f.path)
	}
	if len(token) < minToken {
		return "", fmt.Errorf("read token: %s is too short to be a token", f.path)
	}
	for _, r := range token {
		if r <= ' ' || r > '~' {
			return "", fmt.Errorf("read token: %s holds more than one line, or letters that no token has", f.path)
		}
	}
	return secret(token), nil
}
