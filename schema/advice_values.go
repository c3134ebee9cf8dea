package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ofStage is an expression that asks for one stage before all else.
var ofStage = regexp.MustCompile(`^stage\s*==\s*["']([^"']*)["']\s*(?:&&[^|?]*)?$`)

// neverTrue says why an expression is false of every change into a stage, as far as its words alone tell.
func neverTrue(text string, stage StageName) string {
	text = strings.TrimSpace(text)
	if text == "false" {
		return "it is false, whatever the change is"
	}
	if m := ofStage.FindStringSubmatch(text); m != nil && m[1] != string(stage) {
		return "it asks for the stage " + m[1] + ", and this gate is that of " + string(stage)
	}
	return ""
}

// contradiction names bounds that exclude each other.
func (r TagRule) contradiction() string {
	least, most, digits, form := "", "", "", ""
	for word := range strings.SplitSeq(r.Tag, ",") {
		switch name, _, _ := strings.Cut(word, "="); name {
		case TagNumber, TagInteger, "numeric":
			digits = word
		case "email", "url", "http_url", "mac", "ip", "ipv4", "ipv6", "cidr", "uuid", "semver", "hostname_port", "alpha":
			form = word
		case "min", "gte":
			least = word
		case "max", "lte":
			most = word
		}
	}
	if digits != "" && form != "" {
		return fmt.Sprintf("no value of %s is both %s and %s", r.Key, digits, form)
	}
	if least != "" && most != "" && numberOf(least) > numberOf(most) {
		return fmt.Sprintf("no value of %s is both %s and %s", r.Key, least, most)
	}
	return ""
}

// requires reports whether an app cannot do without the value: one of a star, or of a file that may not be there, it can.
func (r TagRule) requires() bool {
	return slices.Contains(strings.Split(r.Tag, ","), TagRequired) && r.NamesFile() && !slices.Contains(r.Names(), "*")
}

func numberOf(word string) float64 {
	_, text, _ := strings.Cut(word, "=")
	n, _ := strconv.ParseFloat(text, 64) // checked where it was read
	return n
}
