package gitlabtest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

// rawSignature is the author or committer of a commit as nearly all are; git makes something of others too.
var rawSignature = regexp.MustCompile(`^([^<>\n]*) <([^<>\n]*)> ([0-9]{1,10}) ([+-])(0[0-9]|1[0-4])([0-5][0-9])$`)

// parseRawCommit reads the bytes of a commit as git log tells them. It says false of what git would have to re-code or guess.
func parseRawCommit(sha string, data []byte) (commit, bool) {
	head, message, cut := strings.Cut(string(data), "\n\n")
	if !cut || !utf8.Valid(data) || strings.ContainsAny(string(data), "\x00\x1f") || strings.Contains(head, "\nencoding ") {
		return commit{}, false
	}
	c, signed := commit{sha: sha, title: titleOf(message), message: message}, 0
	for i, line := range strings.Split(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			if c.tree = value; i > 0 {
				return commit{}, false
			}
		case "parent":
			c.parents = append(c.parents, value)
		case "author", "committer":
			who, plain := parseRawSignature(value)
			if signed++; !plain {
				return commit{}, false
			}
			if c.committer = who; key == "author" {
				c.author = who
			}
		}
	}
	named := slices.ContainsFunc(append([]string{c.tree}, c.parents...), func(sha string) bool { return !fullSHA.MatchString(sha) })
	return c, !named && signed == 2
}

func parseRawSignature(text string) (signature, bool) {
	m := rawSignature.FindStringSubmatch(text)
	if m == nil || m[1] == "" || m[1] != strings.TrimSpace(m[1]) || m[2] != strings.TrimSpace(m[2]) {
		return signature{}, false
	}
	seconds, _ := strconv.ParseInt(m[3], 10, 64) // digits by the expression
	hours, _ := strconv.Atoi(m[4] + m[5])
	minutes, _ := strconv.Atoi(m[4] + m[6])
	zone := time.UTC
	if hours != 0 || minutes != 0 {
		zone = time.FixedZone("", hours*3600+minutes*60)
	}
	return signature{m[1], m[2], time.Unix(seconds, 0).In(zone)}, true
}

// titleOf is git's %s: the lines of the first paragraph, in one.
func titleOf(message string) string {
	const blank = " \t\r\n"
	var lines []string
	for line := range strings.Lines(message) {
		line = strings.TrimRight(line, blank)
		if line == "" && len(lines) > 0 {
			break
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// rawCommit are the bytes that git commit-tree writes. It says false of what git would change or refuse.
func rawCommit(tree string, parents []string, message string, author, committer signature) ([]byte, bool) {
	var out strings.Builder
	fmt.Fprintf(&out, "tree %s\n", tree)
	for i, p := range parents {
		if slices.Contains(parents[:i], p) {
			return nil, false
		}
		fmt.Fprintf(&out, "parent %s\n", p)
	}
	for _, who := range []signature{author, committer} {
		if !plainWord(who.name) || !plainWord(who.email) || who.at.Unix() < 0 {
			return nil, false
		}
	}
	fmt.Fprintf(&out, "author %s\ncommitter %s\n\n%s", author.raw(), committer.raw(), message)
	data := []byte(out.String())
	_, plain := parseRawCommit("", data)
	return data, plain
}

// plainWord says whether git keeps a name or address as it is.
func plainWord(text string) bool {
	edge := strings.TrimFunc(text, func(c rune) bool { return c <= ' ' || strings.ContainsRune(`.,:;<>"\'`, c) })
	return text != "" && edge == text && !strings.ContainsAny(text, "\n<>")
}

func (s signature) raw() string {
	return fmt.Sprintf("%s <%s> %s", s.name, s.email, strings.TrimPrefix(gitDate(s.at), "@"))
}

// known reads a commit without git, or knows it already.
func (r repository) known(sha string) bool {
	if _, known := r.read[sha]; known {
		return true
	}
	kind, data, ok := r.object(sha)
	if !ok || kind != schema.CommitObject {
		return false
	}
	c, plain := parseRawCommit(sha, data)
	if plain {
		r.read[sha] = c
	}
	return plain
}

// plainName is a name of a revision that is no more than a ref's or an object's.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*$`)

// named is the object of a full id or of a ref's short name, by git's rules for those, or its first parent with ^1 behind it;
// "" where git has to look.
func (r repository) named(name string) string {
	if fullSHA.MatchString(name) {
		return name
	}
	if child, of := strings.CutSuffix(name, "^1"); of {
		if sha := r.named(child); r.known(sha) && len(r.read[sha].parents) > 0 {
			return r.read[sha].parents[0]
		}
	}
	if !plainName.MatchString(name) {
		return ""
	}
	for _, folder := range []string{"", "refs/", "refs/tags/", "refs/heads/"} {
		if sha := r.ref(folder + name); sha != "" {
			return fullSHA.FindString(sha)
		}
	}
	return ""
}
