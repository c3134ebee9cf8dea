package status

import (
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// tooLate are the codes whose evidence counts only if it was there when the change landed: an approval after the merge is
// not one of what was merged, and a signature after it makes another commit (RULES R14).
var tooLate = []schema.Code{
	"approvals-missing", "approval-stale", "approval-late", "approval-too-early", "approval-unbound", "self-approval",
	"unsigned", "key-expired", "key-expired-openpgp", "signature-too-old", "forge-key-only", "rebase-needed",
}

// bySignature are those of them that an approval by signature mends: it says itself what it is for, so it counts after the
// merge as well.
var bySignature = []schema.Code{
	"approvals-missing", "approval-stale", "approval-late", "approval-too-early", "approval-unbound", "self-approval",
}

// What helps with those.
const (
	lateAdvice = "It cannot be added after the merge: take the change back, then submit it again with it."
	signAdvice = "Ask one of the people named to sign it: that counts after the merge as well."
)

// ofFiles are the codes that other files mend. Files on top of what has landed are not judged before that was taken back.
var ofFiles = []schema.Code{
	"name", "path-collision", "unsupported-entry", "malformed-tree", "limit-exceeded", "schema", "tag", "secret", "too-large",
}

// backAdvice helps with those.
const backAdvice = "It has landed, so take it back first (below): what is merged on top of it is not judged. Then propose the corrected files again"

// late says which codes nothing mends any more, for a verdict and the commands that there are.
func late(v schema.Verdict, o TextOptions) func(schema.Code) bool {
	signed := o.has("approve") && canBeSigned(v)
	return func(code schema.Code) bool {
		return slices.Contains(tooLate, code) && !(signed && slices.Contains(bySignature, code))
	}
}

// canBeSigned reports whether approvals are missing and somebody may still give one.
func canBeSigned(v schema.Verdict) bool {
	for _, node := range v.Missing() {
		switch node.Code {
		case "approvals-missing":
			who, known := node.Args["eligible"]
			return !known || who != ""
		case "signed-approvals-missing":
			who, known := node.Args["eligible_signed"]
			return !known || who != ""
		case "control-unsigned":
			return true
		}
	}
	return false
}

// landed is the checklist of a change that is in its stage's branch already, with advice that still helps there. What
// stands in the way comes first.
func landed(v schema.Verdict, o TextOptions) []Line {
	lines, late, said := missingFirst(Text(v)), late(v, o), false
	for i := range lines {
		if lines[i].Mark != OK && slices.Contains(ofFiles, lines[i].Code) {
			lines[i].Clear = afterwards(lines[i].Code, lines[i].Clear)
		}
		if lines[i].Mark == OK || !slices.Contains(tooLate, lines[i].Code) {
			continue
		}
		lines[i].Clear = ""
		switch {
		case !late(lines[i].Code):
			if lines[i].Code == "approvals-missing" {
				lines[i].Clear = signAdvice
			}
		case lines[i].Depth == 0 && !said && !mendable(lines, i, late):
			lines[i].Clear, said = lateAdvice, true
		}
	}
	return lines
}

// afterwards is what helps with files that have landed: what would have before, once they were taken back. A secret is known by then.
func afterwards(code schema.Code, fix string) string {
	if fix == "" {
		return "" // another line says it
	}
	if rest, ok := strings.CutPrefix(fix, "Correct the value"); ok {
		return backAdvice + rest
	}
	if code == "too-large" {
		return backAdvice + ": smaller, or as more than one app."
	}
	if code == "secret" {
		return "Change the secret, since it is known now. " + backAdvice + "."
	}
	return backAdvice + "."
}

// missingFirst moves lines that are ok to the end, and keeps lines below the one that sums them up.
func missingFirst(lines []Line) []Line {
	var first, last []Line
	met := false
	for _, l := range lines {
		if l.Depth == 0 {
			met = l.Mark == OK
		}
		if met {
			last = append(last, l)
		} else {
			first = append(first, l)
		}
	}
	return append(first, last...)
}

// mendable reports whether one of the lines that line i sums up can still be turned into a yes.
func mendable(lines []Line, i int, late func(schema.Code) bool) bool {
	for _, l := range lines[i+1:] {
		if l.Depth <= lines[i].Depth {
			break
		}
		if l.Mark != OK && !late(l.Code) {
			return true
		}
	}
	return false
}

// CanEnter reports whether a change that has landed can still enter as it is: people may sign for it, or time passes.
func CanEnter(v schema.Verdict) bool {
	return enters(v, late(v, TextOptions{Commands: []string{"approve"}}))
}

// enters reports whether a landed change can still enter as it is, once somebody gives what is missing or time passes.
func enters(v schema.Verdict, tooLate func(schema.Code) bool) bool {
	if v.Outcome != schema.Hold {
		return v.Outcome == schema.Allow
	}
	late := tooLate(v.Code)
	if v.Code == "atomic-lost" {
		return false // what keeps it out does not come in
	}
	if v.Code != "" && !late {
		return true
	}
	for _, part := range v.Parts {
		switch {
		case late && part.Outcome != schema.Allow && enters(part, tooLate):
			return true // an approval that does not count yet
		case !late && !enters(part, tooLate):
			return false
		}
	}
	return !late
}
