package policies

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// whyNumber says what is wrong with a number; empty if nothing is. Numbers are compared as they are written, digit by digit: what
// a machine's number would round to is another value.
func (j tagJudge) whyNumber(words []string, literal string) string {
	n, ok := decimalOf(literal)
	if !ok {
		return "is too large or too small a number to be judged"
	}
	for _, word := range words {
		name, arg, _ := strings.Cut(word, "=")
		switch name {
		case schema.TagRequired, schema.TagOptional, schema.TagNumber, "numeric": // it is one
		case schema.TagInteger:
			if n.exponent < 0 {
				return "is no whole number"
			}
		case schema.TagWhitelist:
			if !j.lists[schema.ListDir+"/"+arg+".yaml"].MatchName(literal) {
				return "is not in the list " + arg
			}
		case "oneof":
			if !slices.Contains(strings.Fields(arg), literal) { // as it is written: 1.10 is not 1.1 to whoever reads a version

				return "is not " + word
			}
		default:
			if holds, known := n.compares(name, arg); known && !holds {
				return "is not " + word
			} else if known {
				continue
			}
			if why := validate(j.rules, plainNumber(literal), word); why != "" {
				return why
			}
		}
	}
	return ""
}

// compares answers the words that compare with a number; known is false for every other word.
func (d decimal) compares(word, arg string) (holds, known bool) {
	to, ok := decimalOf(arg)
	ok = ok && schema.IsNumber(arg)
	order := d.compare(to)
	switch word {
	case "min", "gte":
		return ok && order >= 0, true
	case "max", "lte":
		return ok && order <= 0, true
	case "gt":
		return ok && order > 0, true
	case "lt":
		return ok && order < 0, true
	case "len", "eq":
		return ok && order == 0, true
	case "ne":
		return !ok || order != 0, true
	}
	return false, false
}

// compare orders two numbers exactly, whatever their size.
func (d decimal) compare(other decimal) int {
	if by := cmp.Compare(d.sign(), other.sign()); by != 0 || d.sign() == 0 {
		return by
	}
	by := cmp.Compare(d.exponent+int64(len(d.digits)), other.exponent+int64(len(other.digits)))
	if by == 0 {
		by = strings.Compare(d.digits, other.digits) // without zeros at the end the shorter one is the smaller
	}
	return by * d.sign()
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

// plainNumber makes of a literal what the library knows: whole numbers are int64, others float64.
func plainNumber(literal string) any {
	if n, err := strconv.ParseInt(literal, 10, 64); err == nil {
		return n
	}
	if n, err := strconv.ParseFloat(literal, 64); err == nil {
		return n
	}
	return literal
}
