package signing

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// allowedSigner is one line of git's gpg.ssh.allowedSignersFile.
type allowedSigner struct {
	principals string // patterns, separated by commas
	namespaces string // the same; empty is any
	after      time.Time
	before     time.Time
	key        []byte
}

func loadAllowedSigners(file string) ([]allowedSigner, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return readAllowedSigners(file, text)
}

// readAllowedSigners reads the bytes of such a file, which may have been a pipe.
func readAllowedSigners(file string, text []byte) ([]allowedSigner, error) {
	var out []allowedSigner
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		a, err := parseAllowedSigner(line)
		if errors.Is(err, errNotOurs) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number, err)
		}
		out = append(out, a)
	}
	return out, nil
}

// errNotOurs marks lines about certificate authorities and key types that we do not verify: they allow nobody here.
var errNotOurs = errors.New("not a key that signs here")

// parseAllowedSigner reads: patterns [options] type key [comment].
func parseAllowedSigner(line string) (allowedSigner, error) {
	var a allowedSigner
	var rest string
	a.principals, rest = cutField(line)
	a.principals = strings.Trim(a.principals, `"`)
	if isKeyType(a.principals) {
		return allowedSigner{}, errors.New("it is a public key alone: write before it whose it is, as in: ann@example.com ssh-ed25519 AAAA…")
	}
	options := ""
	if first, _ := cutField(rest); !isKeyType(first) {
		options, rest = cutField(rest)
	}
	for options != "" {
		var option string
		option, options = cutOption(options)
		if err := a.option(option); err != nil {
			return allowedSigner{}, err
		}
	}
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return allowedSigner{}, errors.New("want principals, options, key type and key")
	}
	public, err := parsePublicLine([]byte(fields[0] + " " + fields[1]))
	if err != nil {
		return allowedSigner{}, errNotOurs
	}
	a.key = public.Marshal()
	return a, nil
}

func isKeyType(word string) bool {
	return strings.HasPrefix(word, "ssh-") || strings.HasPrefix(word, "ecdsa-") || strings.HasPrefix(word, "sk-")
}

// cutField cuts the first field; spaces inside double quotes belong to it.
func cutField(line string) (field, rest string) {
	quoted := false
	for i, r := range line {
		if r == '"' {
			quoted = !quoted
		}
		if !quoted && (r == ' ' || r == '\t') {
			return line[:i], strings.TrimLeft(line[i:], " \t")
		}
	}
	return line, ""
}

func cutOption(options string) (option, rest string) {
	quoted := false
	for i, r := range options {
		if r == '"' {
			quoted = !quoted
		}
		if !quoted && r == ',' {
			return options[:i], options[i+1:]
		}
	}
	return options, ""
}

func (a *allowedSigner) option(text string) error {
	key, value, _ := strings.Cut(text, "=")
	value = strings.Trim(value, `"`)
	var err error
	switch strings.ToLower(key) {
	case "cert-authority":
		return errNotOurs
	case "namespaces":
		a.namespaces = value
	case "valid-after":
		a.after, err = parseSignerTime(value)
	case "valid-before":
		a.before, err = parseSignerTime(value)
	default:
		err = fmt.Errorf("option %q is unknown", key)
	}
	return err
}

// allows reports whether the line allows the key to sign in the namespace at the time.
func (a allowedSigner) allows(key ssh.PublicKey, namespace string, at time.Time) bool {
	if !bytes.Equal(a.key, key.Marshal()) || (a.namespaces != "" && !matchList(a.namespaces, namespace)) {
		return false
	}
	return (a.after.IsZero() || !at.Before(a.after)) && (a.before.IsZero() || at.Before(a.before))
}

func (a allowedSigner) names(principal string) bool {
	return principal != "" && (a.principals == principal || matchList(a.principals, principal))
}

// matchList matches a comma-separated list of patterns as OpenSSH does: a negated match wins.
func matchList(patterns, word string) bool {
	found := false
	for pattern := range strings.SplitSeq(patterns, ",") {
		pattern, negated := strings.CutPrefix(pattern, "!")
		if !matchPattern(pattern, word) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// matchPattern knows * and ? and no other wildcard.
func matchPattern(pattern, word string) bool {
	quoted := strings.NewReplacer(`[`, `\[`, `\`, `\\`).Replace(pattern)
	const slash = "\x00" // path.Match treats slashes apart, ssh does not
	ok, err := path.Match(strings.ReplaceAll(quoted, "/", slash), strings.ReplaceAll(word, "/", slash))
	return ok && err == nil
}

// parseSignerTime reads YYYYMMDD[HHMM[SS]][Z]; without the Z it is local time.
func parseSignerTime(text string) (time.Time, error) {
	place := time.Local
	digits, utc := strings.CutSuffix(text, "Z")
	if utc {
		place = time.UTC
	}
	layouts := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}
	at, err := time.ParseInLocation(layouts[len(digits)], digits, place)
	if err != nil || len(digits) < 8 {
		return time.Time{}, fmt.Errorf("time %q: want YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS", text)
	}
	return at, nil
}

// checkRevoked refuses a key that the revocation file names. Only lists of public keys are read; any other file is an
// error, never an empty list.
func (p *gitProgram) checkRevoked(key ssh.PublicKey) error {
	if p.revoked == "" {
		return nil
	}
	text, err := os.ReadFile(p.revoked)
	if err != nil {
		return err
	}
	lines := slices.Collect(strings.Lines(string(text)))
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		revoked, err := parsePublicLine([]byte(line))
		if err != nil {
			return fmt.Errorf("%s:%d: revoked keys: %w", p.revoked, i+1, err)
		}
		if bytes.Equal(revoked.Marshal(), key.Marshal()) {
			return errors.New("the key is revoked")
		}
	}
	return nil
}
