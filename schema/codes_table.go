package schema

import (
	"slices"
	"strings"
)

// CodeInfo is what the registry knows of a code: the text of verdicts, errors, `sluice explain` and the pages.
type CodeInfo struct {
	Code  Code
	Title string // what it is, in a few words
	// Message is the line people see. {arg} is replaced by an argument; a part in [brackets] is left out where an
	// argument inside is missing, and one like [!arg?text] where it is there.
	Message string
	Cause   string // why it happens
	Fix     string // what to do
	Example string // a case of it as people see it, up to four lines
	Warning bool   // advice: it holds nothing
}

// codeIndex is built once from the lists below and never written again.
var codeIndex = indexCodes(fileCodes, readerCodes, projectCodes, trustCodes, signatureCodes, approvalCodes, landingCodes, lifecycleCodes,
	contentCodes, importCodes, guardCodes, ledgerCodes, targetCodes, forgeCodes, repositoryCodes, runCodes)

func indexCodes(lists ...[]CodeInfo) map[Code]CodeInfo {
	index := map[Code]CodeInfo{}
	for _, info := range slices.Concat(lists...) {
		index[info.Code] = info
	}
	return index
}

// Explain returns what the registry knows of a code.
func Explain(code Code) (CodeInfo, bool) {
	info, ok := codeIndex[code]
	return info, ok
}

// Codes returns every registered code in alphabetical order.
func Codes() []Code {
	out := make([]Code, 0, len(codeIndex))
	for code := range codeIndex {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// Message renders the code's message with its arguments. A code that nobody registered reads as itself.
func (c Code) Message(args map[string]string) string {
	info, ok := codeIndex[c]
	if !ok {
		return string(c)
	}
	return expand(info.Message, args)
}

// expand fills a template: see [CodeInfo.Message]. A missing argument outside brackets reads as "…".
func expand(template string, args map[string]string) string {
	var b strings.Builder
	for template != "" {
		before, rest, found := strings.Cut(template, "[")
		text, _ := fill(before, args)
		b.WriteString(text)
		if !found {
			break
		}
		optional, after, _ := strings.Cut(rest, "]")
		if name, text, missing := strings.Cut(optional, "?"); missing && strings.HasPrefix(name, "!") {
			if args[name[1:]] == "" {
				b.WriteString(text)
			}
		} else if text, complete := fill(optional, args); complete {
			b.WriteString(text)
		}
		template = after
	}
	return b.String()
}

// fill replaces the placeholders of a text and reports whether all of them had an argument.
func fill(text string, args map[string]string) (string, bool) {
	var b strings.Builder
	complete := true
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String(), complete
		}
		name, after, _ := strings.Cut(rest, "}")
		if arg, ok := args[name]; ok && arg != "" {
			b.WriteString(arg)
		} else {
			b.WriteString("…")
			complete = false
		}
		text = after
	}
}
