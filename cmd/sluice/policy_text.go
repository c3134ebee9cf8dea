package main

import (
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) printTried(tried []triedCase, all bool) error {
	failed := 0
	for _, t := range tried {
		if !t.OK {
			failed++
		}
	}
	if a.json() {
		if err := a.encode(tried); err != nil {
			return err
		}
	} else {
		a.printTriedText(tried, all, failed)
	}
	if failed > 0 {
		return answer{exitNo}
	}
	return nil
}

func (a *app) printTriedText(tried []triedCase, all bool, failed int) {
	for _, t := range tried {
		if t.OK && !all {
			continue
		}
		word := "ok  "
		if !t.OK {
			word = "FAIL"
		}
		fmt.Fprintf(a.out, "%s  %s: %s\n", word, schema.Printable(t.at.String()), schema.Printable(t.Name))
		if !t.OK {
			fmt.Fprintf(a.out, "      want %s%s, got %s%s\n", t.Want, bracketed(t.Codes), t.Verdict.Outcome, bracketed(codesOf(t.Verdict)))
		}
		a.printTree(t.Verdict, "      ", "", "")
	}
	fmt.Fprintf(a.out, "%s, %d failed\n", count(int64(len(tried)), "example", "examples"), failed)
}

func bracketed(codes []schema.Code) string {
	var b strings.Builder
	for _, code := range codes {
		b.WriteString(" [" + string(code) + "]")
	}
	return b.String()
}

// printTree writes a verdict with its parts below it. own and below are drawn before the line and before those under it.
func (a *app) printTree(v schema.Verdict, margin, own, below string) {
	line := v.Policy + " " + v.Outcome.String()
	if v.Code != "" {
		line += " [" + string(v.Code) + "] " + v.Code.Message(policies.Said(v))
	}
	if v.Policy == "breaker" && v.Args["risk"] != "" && v.Code == "" {
		line += fmt.Sprintf("  %s critical fields change, %s of %s rollbacks restored, risk %s", v.Args["fields"], v.Args["restored"], v.Args["rollbacks"], v.Args["risk"])
	}
	if v.Earliest != nil && v.Outcome != schema.Allow && len(v.Parts) == 0 {
		line += "; earliest " + v.Earliest.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	fmt.Fprintln(a.out, margin+own+schema.Printable(line))
	for i, part := range v.Parts {
		if i == len(v.Parts)-1 {
			a.printTree(part, margin, below+"└ ", below+"  ")
		} else {
			a.printTree(part, margin, below+"├ ", below+"│ ")
		}
	}
}
