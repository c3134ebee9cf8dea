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
	return cut(a.token.redact(clean(text)))
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

// printable makes a short line that is safe in a terminal and a log.
func printable(text string) string { return cut(clean(text)) }

// clean leaves one line of printable text.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(text), " ")
}

func cut(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	end := maxMessage
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
