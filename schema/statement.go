package schema

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Seen is the end of the ledger that a signer looked at. Nobody can know the digest of an entry before it is there, so it
// proves that the signature is younger than that entry, whatever any clock says.
type Seen struct {
	Size  int64  `json:"size"`  // entries; the sequence number of the last one
	Entry Digest `json:"entry"` // of the bytes of the last one
}

// maxReason bounds the reason of a request.
const maxReason = 500

// statementField is one field of a statement of type T. The order of a list of them is the only order of its lines.
type statementField[T any] struct {
	name     string
	min, max int                    // how often it occurs
	write    func(T) []string       // its values
	read     func(*T, string) error // takes one value
}

// one is a field that always occurs once.
func one[T any](name string, write func(T) string, read func(*T, string) error) statementField[T] {
	return statementField[T]{name: name, min: 1, max: 1, write: func(t T) []string { return []string{write(t)} }, read: read}
}

// optional is a field that is left out while its value is empty.
func optional[T any](name string, write func(T) string, read func(*T, string) error) statementField[T] {
	f := statementField[T]{name: name, max: 1, read: read}
	f.write = func(t T) []string {
		if v := write(t); v != "" {
			return []string{v}
		}
		return nil
	}
	return f
}

// encodeStatement writes a statement from its fields, and reads it back, so that nothing is signed that would be refused.
func encodeStatement[T any](kind string, fields []statementField[T], t T) ([]byte, error) {
	var list []RequestField
	for _, f := range fields {
		for _, v := range f.write(t) {
			list = append(list, RequestField{Name: f.name, Value: v})
		}
	}
	statement, err := EncodeStatement(kind, list...)
	if err != nil {
		return nil, err
	}
	if _, err := readStatement(Request{Kind: kind, Fields: list}, fields); err != nil {
		return nil, err
	}
	return statement, nil
}

// parseStatement reads the fields of a request. It accepts only what encodeStatement writes.
func parseStatement[T any](r Request, fields []statementField[T]) (T, error) {
	t, err := readStatement(r, fields)
	if err != nil {
		return t, err
	}
	again, err := encodeStatement(r.Kind, fields, t)
	if err != nil {
		return t, err
	}
	if !bytes.Equal(again, r.Statement) {
		return t, fmt.Errorf("%s request: not in its written form", r.Kind)
	}
	return t, nil
}

func readStatement[T any](r Request, fields []statementField[T]) (T, error) {
	var t T
	rest := r.Fields
	for _, f := range fields {
		n := 0
		for ; len(rest) > 0 && rest[0].Name == f.name; n, rest = n+1, rest[1:] {
			if n == f.max {
				return t, fmt.Errorf("%s request: more than %d of field %s", r.Kind, f.max, f.name)
			}
			if err := f.read(&t, rest[0].Value); err != nil {
				return t, fmt.Errorf("%s request: field %s: %w", r.Kind, f.name, err)
			}
		}
		if n < f.min {
			return t, fmt.Errorf("%s request: want field %s", r.Kind, f.name)
		}
	}
	if len(rest) > 0 {
		return t, fmt.Errorf("%s request: field %s is unknown or out of order", r.Kind, rest[0].Name)
	}
	return t, nil
}

func fieldNames[T any](fields []statementField[T]) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.name)
	}
	return out
}

func readProject(s string) (string, error) {
	if !CheckProjectID(s) {
		return "", fmt.Errorf("%q is not a project's id", s)
	}
	return s, nil
}

// readTime reads a time of whole seconds in UTC.
func readTime(s string) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q: want a time like 2026-11-23T10:00:00Z", s)
	}
	return t, nil
}

func writeSeen(s Seen) string { return fmt.Sprintf("%d %s", s.Size, s.Entry) }

func readSeen(text string) (Seen, error) {
	size, digest, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 1 {
		return Seen{}, fmt.Errorf("%q: want the number of entries and the digest of the last", text)
	}
	entry, err := ParseDigest(digest)
	return Seen{Size: n, Entry: entry}, err
}

// readReason takes a text that reads as it is: one line of printable characters.
func readReason(s string) (string, error) {
	if len(s) > maxReason || Printable(s) != s {
		return "", fmt.Errorf("want one line of printable text, at most %d bytes", maxReason)
	}
	return s, nil
}

func readRef(s string) (string, error) {
	name, ok := strings.CutPrefix(s, "refs/heads/")
	if !ok || name == "" || Printable(s) != s || strings.ContainsAny(s, " ~^:?*[\\") || strings.Contains(s, "..") {
		return "", fmt.Errorf("%q: want the full name of a branch, refs/heads/…", s)
	}
	return s, nil
}

func readContent(s string) (Content, error) {
	if s == string(NoContent) {
		return NoContent, nil
	}
	d, err := ParseDigest(s)
	return Content(d), err
}

func readStage(s string) (StageName, error) { return StageName(s), CheckSegment(s) }

// readObject reads the id of an object that exists.
func readObject(s string) (Hash, error) {
	h, err := ParseHash(s)
	if err == nil && (h.IsZero() || h.String() != s) {
		err = fmt.Errorf("object id %q: want the id of an object in lower case", s)
	}
	return h, err
}
