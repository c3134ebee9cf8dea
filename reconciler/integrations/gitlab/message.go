package gitlab

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxMessage = 300 // bytes of GitLab's words that an error repeats

// message is what GitLab says in a refusal, in one line: the value of "message" (a text, a list or an object of lists)
// or of "error" and "error_description"; a short plain text as it is; and of a page no more than that it is one.
func message(a answer) string {
	var body struct {
		Message     any    `json:"message"`
		Error       any    `json:"error"`
		Description string `json:"error_description"`
	}
	var text string
	switch err := json.Unmarshal(a.body, &body); {
	case err == nil:
		parts := []string{words(body.Message), words(body.Error), body.Description}
		text = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
	case strings.HasPrefix(a.header.Get("Content-Type"), "text/plain"):
		text = string(a.body)
	case len(a.body) > 0:
		text = "a page that is not the API's"
	}
	return printable(a.token.redact(text))
}

// words flattens the forms that "message" takes.
func words(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = words(v[i])
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		var parts []string
		for field := range v {
			parts = append(parts, field+" "+words(v[field]))
		}
		slices.Sort(parts)
		return strings.Join(parts, "; ")
	}
	return ""
}

// printable makes one line that is safe in a terminal and a log, and cuts it.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= maxMessage {
		return text
	}
	cut := maxMessage
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
