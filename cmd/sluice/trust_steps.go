package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// steps are what is left to do, in an order in which nothing has to be done twice: a proof changes what the roots sign. What
// others do, they do on the branch that is pushed before.
func (r trustReport) steps(branch string, clean, project bool) []nextStep {
	if len(r.Findings) > 0 {
		return []nextStep{{Text: "correct what is refused, or begin again from the version in force:", Command: "git checkout -- " + schema.TrustDir}}
	}
	var own, theirs []nextStep
	if r.Version > 1 && (branch == "main" || branch == "master") {
		own = append(own, nextStep{"do it on a branch:", fmt.Sprintf("git switch -c trust-%d", r.Version)})
	}
	if !clean {
		text := "commit it, with nothing else in the commit:"
		if r.Version == 1 {
			text = "commit it:"
		}
		own = append(own, nextStep{text, fmt.Sprintf(`git add -A %s && git commit -S -m "trust: version %d"`, schema.TrustDir, r.Version)})
	}
	for _, person := range r.owners(false) {
		if r.Version > 1 { // whoever tells the anchor vouches for version 1 as a whole
			theirs = append(theirs, nextStep{person + " shows, with its private half, that the new key is theirs:", "sluice trust prove " + person})
		}
	}
	if text := r.signText(); text != "" {
		theirs = append(theirs, nextStep{text, "sluice trust sign"})
	}
	switch {
	case r.Version == 1 && !project:
		return append(append(theirs, own...), nextStep{"write the project file, which says more:", "sluice init"})
	case r.Version == 1:
		return append(append(theirs, own...), nextStep{"push it, then seal the project:", "git push && sluice init --seal"})
	case len(r.othersNeeded()) == 0:
		return append(append(theirs, own...), nextStep{"push it and open a merge request with nothing else in it; once merged, the reconciler takes it into force:", "git push -u origin HEAD"})
	}
	own = append(own, nextStep{"push it, so that the others can do their part on this branch, and commit and push that:", "git push -u origin HEAD"})
	return append(append(own, theirs...), nextStep{"when nothing is missing, merge it, by a merge request with nothing else in it:", "sluice trust verify"})
}

// owners are those with unproven keys; of roots only if signing will not show it.
func (r trustReport) owners(roots bool) []string {
	var out []string
	for _, k := range r.Unproven {
		if (roots || !k.Root) && !slices.Contains(out, k.Person) {
			out = append(out, k.Person)
		}
	}
	return out
}

// othersNeeded are who can give what is missing, if more people than one have to.
func (r trustReport) othersNeeded() []string {
	missing := max(r.Old.missing(), r.New.missing())
	begun := missing > 0 && len(r.New.Have) > 0
	if missing < 2 && !begun && len(r.owners(true)) == 0 {
		return nil
	}
	return append(r.signers(), r.owners(true)...)
}

// signers are who can still sign, for one version or the other.
func (r trustReport) signers() []string {
	var out []string
	for _, c := range []*signatureCount{r.Old, r.New} {
		if c.missing() > 0 {
			out = append(out, c.Can...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// signText names who signs: those whose new key a signature shows to be theirs, as many roots of the version in force as are
// needed, and as many others as the new version needs beside them.
func (r trustReport) signText() string {
	var must []string
	for _, k := range r.Unproven {
		if k.Root {
			must = appendNew(must, k.Person)
		}
	}
	slices.Sort(must)
	var parts []string
	switch {
	case len(must) == 1:
		parts = append(parts, must[0]+" signs with the new key, which also shows that it is theirs")
	case len(must) > 1:
		parts = append(parts, strings.Join(must, ", ")+" sign, each with the new key, which also shows that it is theirs")
	}
	if r.Old.missing() > 0 {
		parts = append(parts, someSign(r.Old.missing(), r.Old.Can))
	}
	if more := r.New.missing() - r.Old.missing() - len(must); more > 0 {
		parts = append(parts, someSign(more, without(r.New.Can, must)))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "; ") + ":"
}

func someSign(need int, who []string) string {
	switch names := strings.Join(who, ", "); {
	case len(who) == 1:
		return names + " signs"
	case need >= len(who):
		return names + " sign, each"
	case need == 1:
		return "one of " + names + " signs"
	default:
		return fmt.Sprintf("%d of %s sign, each", need, names)
	}
}
