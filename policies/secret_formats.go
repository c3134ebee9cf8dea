package policies

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A secretFormat is a token that says what it is by its form.
type secretFormat struct {
	kind  string
	marks [][]byte // one of them is in every such token: looked for first, since an expression is slow
	re    *regexp.Regexp
}

var secretFormats = []secretFormat{
	{"a private key", words("-----BEGIN AGE-SECRET-KEY-1"), regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY|\bAGE-SECRET-KEY-1[0-9A-Z]{20}`)},
	{"a GitLab token", words("glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct-"), regexp.MustCompile(`\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_-]{20}`)},
	{"a GitHub token", words("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_"), regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})`)},
	{"an AWS access key", words("AKIA ASIA"), regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`)},
	{"a Google API key", words("AIza"), regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}`)},
	{"a Slack token", words("xox"), regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{10}`)},
	{"a Stripe key", words("k_live_"), regexp.MustCompile(`\b[rs]k_live_[A-Za-z0-9]{20}`)},
	{"a Vault token", words("hvs. hvb."), regexp.MustCompile(`\bhv[sb]\.[A-Za-z0-9_-]{24}`)},
	{"the URL of a webhook", words("hooks.slack.com/ /api/webhooks/ .webhook.office.com/"), regexp.MustCompile(`\b(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks|[a-z0-9-]+\.webhook\.office\.com/webhookb2)/[A-Za-z0-9/@_-]{20}`)},
	{"the signature of a URL", words("sig= Signature="), regexp.MustCompile(`\bsig=[A-Za-z0-9%+/_-]{40}|\bX-(?:Amz|Goog)-Signature=[0-9a-fA-F]{40}`)},
	{"a JSON Web Token", words("eyJ"), regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10}`)},
}

func words(text string) [][]byte { return bytes.Fields([]byte(text)) }

// in reports whether a line may hold such a token at all.
func (s secretFormat) in(line []byte) bool {
	return slices.ContainsFunc(s.marks, func(mark []byte) bool { return bytes.Contains(line, mark) })
}

// urlPassword is the password of a URL.
var urlPassword = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@"']*:([^/\s@"']+)@`)

// reference begins what stands for a secret that is elsewhere, or is one that is encrypted.
var reference = regexp.MustCompile(`^(?:\$\{|\$\(|\$[A-Za-z_][A-Za-z0-9_]*$|\{\{|%\{|<|ENC\[|vault:|ref\+|secretref:|arn:|file:|env:|\*+$)|://`)

// looksRandom reports whether a value under a secret's name is more than a word. Under other names nothing is judged by
// its look: digests and ids look the same.
func looksRandom(value string) bool {
	if len(value) < 6 || reference.MatchString(value) {
		return false
	}
	var lower, upper, digit, symbol int
	for _, r := range value {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		case !strings.ContainsRune("-_./ ", r):
			symbol = 1
		}
	}
	return lower+upper+digit+symbol >= 2 && entropy(value) >= 2
}

// entropy is Shannon's, in bits a character.
func entropy(text string) float64 {
	count := map[rune]float64{}
	n := 0.0
	for _, r := range text {
		count[r]++
		n++
	}
	bits := 0.0
	for _, c := range count {
		bits -= c / n * math.Log2(c/n)
	}
	return bits
}
