package status

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Risk is what a breaker of the gate counted, as a sum that a person can check; empty where none was asked. Of several it is the
// highest.
func Risk(v schema.Verdict) string {
	_, text := riskOf(v)
	return text
}

// riskOf is the score in tenths, by which what needs attention is ordered; -1 where no breaker was asked.
func riskOf(v schema.Verdict) (tenths int, text string) {
	tenths = -1
	if score, ok := tenthsOf(v.Args["risk"]); ok && v.Policy == "breaker" && v.Code == "" {
		tenths, text = score, sumOf(v.Args)
	}
	for _, part := range v.Parts {
		if score, sum := riskOf(part); score > tenths {
			tenths, text = score, sum
		}
	}
	return tenths, text
}

func tenthsOf(text string) (int, bool) {
	score, err := strconv.ParseFloat(text, 64)
	if err != nil || score < 0 || score > 100 {
		return 0, false
	}
	return int(score*10 + 0.5), true
}

// sumOf writes how the score came about: 60 × 1/4 critical values that change + 40 × 1/3 rollbacks in 168h that did not restore.
func sumOf(args map[string]string) string {
	weight, _ := strconv.Atoi(args["weight"])
	changed, all, _ := strings.Cut(args["fields"], " of ")
	fields := fmt.Sprintf("%d × %s/%s critical values that change", weight, changed, all)
	if all == "0" {
		fields = fmt.Sprintf("%d × 0, no critical value", weight)
	}
	rollbacks, _ := strconv.Atoi(args["rollbacks"])
	restored, _ := strconv.Atoi(args["restored"])
	back := fmt.Sprintf("%d × %d/%d rollbacks in %s that did not restore", 100-weight, rollbacks-restored, rollbacks, args["window"])
	if rollbacks == 0 {
		back = fmt.Sprintf("%d × 1, as no rollback in %s shows that going back works", 100-weight, args["window"])
	}
	return safe(fmt.Sprintf("%s of 100 = %s + %s", args["risk"], fields, back))
}
