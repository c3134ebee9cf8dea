package gitrepo

import (
	"fmt"
	"strings"
)

// The names of refs that a mirror holds.
const (
	headsPrefix = "refs/heads/"
	tagsPrefix  = "refs/tags/sluice/"
	keptPrefix  = "refs/sluice/kept/"

	originPrefix = "refs/remotes/origin/" // in a clone
)

const maxRefName = 1024

// CheckRef refuses what is not the full name of a ref, by git's own rules and some more: nothing that could climb out
// of a directory, and nothing that reads as another ref or as an object id (refs/heads/HEAD, refs/heads/refs/heads/x,
// refs/heads/<40 hex>).
func CheckRef(name string) error {
	if !strings.HasPrefix(name, "refs/") || len(name) > maxRefName {
		return fmt.Errorf("ref %.80q: want a full name below refs/", name)
	}
	if strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return fmt.Errorf("ref %.80q: contains .. or @{", name)
	}
	segments := strings.Split(name, "/")
	if len(segments) < 3 {
		return fmt.Errorf("ref %.80q: want at least three segments", name)
	}
	for _, s := range segments {
		if err := checkRefSegment(s); err != nil {
			return fmt.Errorf("ref %.80q: %w", name, err)
		}
	}
	return checkAmbiguous(name, segments[2:])
}

func checkRefSegment(s string) error {
	if s == "" || s == "@" {
		return fmt.Errorf("segment %q", s)
	}
	if s[0] == '.' || s[0] == '-' || strings.HasSuffix(s, ".") || strings.HasSuffix(s, ".lock") {
		return fmt.Errorf("segment %q", s)
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c == 0x7f || strings.IndexByte(`~^:?*[\`, c) >= 0 {
			return fmt.Errorf("segment %q: character %q", s, c)
		}
	}
	return nil
}

func checkAmbiguous(name string, short []string) error {
	switch {
	case len(short) == 1 && (short[0] == "HEAD" || strings.HasSuffix(short[0], "_HEAD")):
		return fmt.Errorf("ref %q: reads as a name of git's own", name)
	case short[0] == "refs":
		return fmt.Errorf("ref %q: reads as another ref", name)
	case len(short) == 1 && isHex(short[0]) && (len(short[0]) == 40 || len(short[0]) == 64):
		return fmt.Errorf("ref %q: reads as an object id", name)
	}
	return nil
}

func isHex(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F')
	}) < 0
}

// mirrored reports whether a mirror follows the ref.
func (r *Repo) mirrored(name string) bool {
	return strings.HasPrefix(name, headsPrefix) || strings.HasPrefix(name, tagsPrefix) || r.origins && strings.HasPrefix(name, originPrefix)
}
