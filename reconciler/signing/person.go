package signing

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

// maxEpoch is the last second of the year 9999, beyond which times cannot be written as RFC 3339.
const maxEpoch = 253402300799

// maxIdentity bounds names and addresses in a verdict.
const maxIdentity = 256

// Person is an author or committer line: a claim, not a proof.
type Person struct {
	Name  string
	Email string
	Time  time.Time // in the zone it was written in
}

// Identity returns the name and address, made valid UTF-8 and cut to a length that can be shown and recorded.
func (p Person) Identity() schema.Identity {
	return schema.Identity{Name: clip(p.Name, maxIdentity), Email: clip(p.Email, maxIdentity)}
}

// parsePerson reads "Name <address> seconds zone", as git writes it: single spaces, digits without leading zeros.
func parsePerson(text string) (Person, error) {
	name, rest, found := strings.Cut(text, "<")
	if !found || (name != "" && !strings.HasSuffix(name, " ")) || name == "" {
		return Person{}, errors.New("want a name, a space and an address in angle brackets")
	}
	email, when, found := strings.Cut(rest, "> ")
	if !found || strings.ContainsAny(email, "<>") || strings.ContainsAny(name, "<>") {
		return Person{}, errors.New("want one address in angle brackets, then the time")
	}
	seconds, zone, found := strings.Cut(when, " ")
	if !found {
		return Person{}, errors.New("want seconds and a time zone")
	}
	at, err := parseSeconds(seconds)
	if err != nil {
		return Person{}, err
	}
	place, err := parseZone(zone)
	if err != nil {
		return Person{}, err
	}
	return Person{Name: strings.TrimSuffix(name, " "), Email: email, Time: at.In(place)}, nil
}

func parseSeconds(text string) (time.Time, error) {
	if !digits(text) || (len(text) > 1 && text[0] == '0') {
		return time.Time{}, errors.New("want the time in seconds, without leading zeros")
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds > maxEpoch {
		return time.Time{}, errors.New("the time is after the year 9999")
	}
	return time.Unix(seconds, 0), nil
}

func parseZone(text string) (*time.Location, error) {
	if len(text) != 5 || (text[0] != '+' && text[0] != '-') || !digits(text[1:]) {
		return nil, errors.New("want a time zone of a sign and four digits")
	}
	hours, minutes := int(text[1]-'0')*10+int(text[2]-'0'), int(text[3]-'0')*10+int(text[4]-'0')
	offset := hours*3600 + minutes*60
	if text[0] == '-' {
		offset = -offset
	}
	return time.FixedZone("", offset), nil
}

func digits(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// coAuthors returns whoever a message names in a Co-authored-by line, wherever it stands: it can only exclude people
// from approving, so a line too many is the safe side.
func coAuthors(message string) []schema.Identity {
	const key = "co-authored-by:"
	var found []schema.Identity
	for line := range strings.Lines(message) {
		line = strings.TrimSpace(line)
		if len(line) < len(key) || !strings.EqualFold(line[:len(key)], key) {
			continue
		}
		name, rest, _ := strings.Cut(line[len(key):], "<")
		email, _, _ := strings.Cut(rest, ">")
		who := schema.Identity{Name: clip(strings.TrimSpace(name), maxIdentity), Email: clip(strings.TrimSpace(email), maxIdentity)}
		if who != (schema.Identity{}) {
			found = append(found, who)
		}
	}
	return found
}

// clip makes text valid UTF-8 and cuts it to at most limit bytes, between characters.
func clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
