package status

import (
	"regexp"
	"slices"
	"strings"
)

// commandShape finds commands in the registry's advice. The registry knows every command that sluice will have.
var commandShape = regexp.MustCompile(`\bsluice (accept-ref|adopt|approve|audit|break-glass|check|diff|doctor|eject|events|expunge|explain|fix|history|import|init|lint|` +
	`plan|policy|promote|requests|resume|review|rollback|run|status|suspend|taint|trace|trust|verify|why)\b`)

// advice keeps of a registered advice what can be done with the commands that there are (RULES R14): a sentence that needs
// another one is left out.
func advice(fix string, commands []string) string {
	if !slices.Contains(commands, "promote") {
		fix = strings.ReplaceAll(fix, "sluice promote", "promote it by a merge request")
	}
	var kept []string
	if fix == "" {
		return ""
	}
	for sentence := range strings.SplitSeq(fix, ". ") {
		sentence = strings.TrimSuffix(sentence, ".")
		if possible(sentence, commands) {
			kept = append(kept, sentence+".")
		}
	}
	return strings.Join(kept, " ")
}

func possible(sentence string, commands []string) bool {
	for _, found := range commandShape.FindAllStringSubmatch(sentence, -1) {
		if !slices.Contains(commands, found[1]) {
			return false
		}
	}
	return true
}
