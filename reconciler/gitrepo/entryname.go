package gitrepo

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// checkEntryName says why a name makes its whole tree malformed: what git's own fsck calls an error, because readers
// disagree on it or a checkout would write outside its directory.
func checkEntryName(name string) string {
	switch {
	case name == "":
		return "empty name"
	case name == "." || name == "..":
		return "name of a directory above"
	case strings.Contains(name, "/"):
		return "slash in a name"
	case isDotGit(name):
		return "reads as .git"
	}
	return ""
}

// isDotGit tells .git and what HFS+ or NTFS take for it.
func isDotGit(name string) bool {
	if len(name) < 4 || (name[0] != '.' && name[0] != 'g' && name[0] != 'G' && name[0] < utf8.RuneSelf) {
		return false
	}
	if strings.EqualFold(stripIgnored(name), ".git") {
		return true
	}
	stem, _, _ := strings.Cut(name, ":") // NTFS: .git::$INDEX_ALLOCATION
	stem, _, _ = strings.Cut(stem, `\`)
	stem = strings.TrimRight(stem, ". ")
	return strings.EqualFold(stem, ".git") || strings.EqualFold(stem, "git~1")
}

// stripIgnored removes the characters that HFS+ ignores in names.
func stripIgnored(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 0x200c && c <= 0x200f, c >= 0x202a && c <= 0x202e, c >= 0x206a && c <= 0x206f, c == 0xfeff:
			return -1
		}
		return c
	}, name)
}

const maxName = 255

// checkFileName says why a file of that name is refused as configuration: it is well formed for git, but not for
// every place that its name is carried to.
func checkFileName(name string) string {
	switch {
	case len(name) > maxName:
		return fmt.Sprintf("name of %d bytes, more than %d", len(name), maxName)
	case !utf8.ValidString(name):
		return "name is not UTF-8"
	case strings.Contains(name, `\`):
		return "backslash in a name"
	case strings.IndexFunc(name, hidden) >= 0:
		return "control or invisible character in a name"
	case !norm.NFC.IsNormalString(name):
		return "name is not in Unicode's composed form (NFC)"
	}
	return ""
}

func hidden(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) }

// join puts a name below a path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// below says where a malformed tree lies.
func below(path string, err error) error {
	if path == "" || err == nil {
		return err
	}
	var t *TreeError
	if errors.As(err, &t) {
		return &TreeError{Tree: t.Tree, Path: join(path, t.Path), Code: t.Code, Detail: t.Detail}
	}
	return fmt.Errorf("%s: %w", path, err)
}
