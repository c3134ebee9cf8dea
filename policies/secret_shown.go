package policies

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// HidesLeaf reports whether the value at a JSON Pointer of a file is not to be shown, whatever it is: for the keys it stands under, for
// the name it has in a list of variables, or since all of a Kubernetes Secret is one.
func HidesLeaf(leaves map[string]schema.Leaf, pointer string) bool {
	leaf := leaves[pointer]
	segments := strings.Split(pointer, "/")[1:]
	if name := pairKey(leaves, pointer); name != "" {
		segments = append(segments, name)
	}
	manifest := leaves["/kind"].Value == `"Secret"` && len(segments) > 1 && (segments[0] == "data" || segments[0] == "stringData")
	_, text := textOf(leaf)
	return manifest || HidesUnder(segments, text, leaf.Value)
}

// HidesUnder reports whether what stands under these keys is not to be shown. It looks at names alone, where [Secrets] looks at the
// value as well: that refuses a change, this leaves out a text that somebody may read elsewhere. A number under a plural (maxTokens)
// is how many there are. Values are looked at where a key is called "key", which most are not.
func HidesUnder(keys []string, text bool, values ...string) bool {
	last := ""
	for _, key := range keys {
		key = strings.TrimRight(pointerPlain.Replace(key), "0123456789_-")
		if key == "" {
			continue // a place in a list
		}
		if last = key; schema.EndsAsSecret(key) || text && holdsSecrets(key) || strings.EqualFold(key, "credentials") {
			return true
		}
	}
	return hidesJoined(keys, values) || schema.NamesSecret(last) || schema.CarriesSecret(last) || text && schema.NamesLogin(last)
}

// HidesText reports whether a value, or what it is called in a line of its own, is a secret under any key.
func HidesText(value string) bool {
	var text string
	if hidesLine([]byte(value)) { // as it is written, which is what the policy reads
		return true
	}
	if json.Unmarshal([]byte(value), &text) != nil {
		text = value
	}
	return slices.ContainsFunc(bytes.Split([]byte(text), []byte("\n")), hidesLine)
}

// hidden stands for a value that is not shown.
const hidden = "(hidden)"

// Said are the arguments of an answer as they may be shown. What a schema finds wrong may repeat the value; of a tag it is the rule alone.
func Said(v schema.Verdict) map[string]string {
	if v.Code != "schema" || !hidesDetail(v.Args["at"], v.Args["detail"]) {
		return v.Args
	}
	out := maps.Clone(v.Args)
	out["detail"] = hidden
	return out
}

// hidesDetail reports whether a reason about the value at a place may repeat a secret. The name that a variable has beside its value is
// not known there, so no such value is shown.
func hidesDetail(at, detail string) bool {
	if at == "" || strings.HasSuffix(detail, hidden) {
		return false
	}
	return strings.HasSuffix(at, "/value") || HidesUnder(strings.Split(at, "/"), true) || HidesText(detail)
}

// credential is what a header has, however short.
var credential = regexp.MustCompile(`(?i)authorization["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+([^\s"']+)`)

func hidesLine(line []byte) bool {
	if _, ok := formatted(line); ok || hidesForm(string(line)) {
		return true
	}
	for _, m := range append(setting.FindAllSubmatch(line, -1), assignment.FindSubmatch(line)) {
		if len(m) > 2 && (schema.NamesSecret(string(m[1])) || schema.CarriesSecret(string(m[1])) || isNamedKey(string(m[1]), string(m[2])) || isOneOfSeveral(string(m[1]), string(m[2]))) && !call.Match(m[2]) && !reference.Match(m[2]) {
			return true
		}
	}
	if _, _, ok := remarked(line); ok {
		return true
	}
	m := credential.FindSubmatch(line)
	return m != nil && !reference.Match(m[1])
}
