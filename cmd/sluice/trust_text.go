package main

import (
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

func (r trustReport) text() string { return r.whatText() + r.standText() }

// whatText is what the version changes: all that a root has to read.
func (r trustReport) whatText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "trust version %d%s\n", r.Version, r.onTopOf())
	writeChanges(&b, r.Changes)
	return b.String()
}

// standText is what the version has, what it lacks, and what to do about it.
func (r trustReport) standText() string {
	var b strings.Builder
	if len(r.Dropped) > 0 {
		fmt.Fprintf(&b, "\ndropped the signature of %s: it was for another content of this version\n", strings.Join(r.Dropped, ", "))
	}
	if len(r.Findings) > 0 {
		b.WriteString("\nrefused:\n")
		for _, f := range r.Findings {
			fmt.Fprintf(&b, "  [%s] %s\n", f.Code, schema.Printable(f.Detail))
			if f.Fix != "" {
				fmt.Fprintf(&b, "    fix: %s\n", f.Fix)
			}
		}
	}
	b.WriteString("\n")
	for _, c := range []*signatureCount{r.Old, r.New} {
		if c != nil {
			b.WriteString(c.text())
		}
	}
	for _, refused := range r.Refused {
		fmt.Fprintf(&b, "  does not count: %s\n", schema.Printable(refused))
	}
	for _, k := range r.Unproven {
		if !k.Root {
			fmt.Fprintf(&b, "not proved yet: that %s is %s's\n", k.Path, k.Person)
		}
	}
	if r.Ready {
		b.WriteString("nothing is missing\n")
	}
	if r.Anchor != "" {
		fmt.Fprintf(&b, "anchor: %s\n", r.Anchor)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	writeSteps(&b, r.Next)
	return b.String()
}

func (r trustReport) onTopOf() string {
	if r.InForce == 0 {
		return ", the first"
	}
	return fmt.Sprintf(", on top of version %d in force %s", r.InForce, r.Source)
}

func writeChanges(b *strings.Builder, changes []trustChange) {
	if len(changes) == 0 {
		b.WriteString("  no difference\n")
	}
	what, name := 0, 0
	for _, c := range changes {
		what, name = max(what, len(c.What)), max(name, min(len(c.Name), 30))
	}
	for _, c := range changes {
		if c.Name == "" {
			fmt.Fprintf(b, "  %s %-*s  %s\n", c.Sign, what, c.What, c.Text)
			continue
		}
		fmt.Fprintf(b, "  %s %-*s  %-*s  %s\n", c.Sign, what, c.What, name, schema.Printable(c.Name), c.Text)
	}
}

func (c *signatureCount) text() string {
	text := fmt.Sprintf("signatures for version %d: %d, needed %d", c.Version, len(c.Have), c.Need)
	if len(c.Have) > 0 {
		text += " (" + strings.Join(c.Have, ", ") + ")"
	}
	if c.missing() > 0 {
		text += "; can sign: " + orText(strings.Join(c.Can, ", "), "nobody else")
	}
	return text + "\n"
}

func writeSteps(b *strings.Builder, steps []nextStep) {
	if len(steps) == 0 {
		return
	}
	b.WriteString("\nnext:\n")
	for i, s := range steps {
		fmt.Fprintf(b, "  %d. %s\n", i+1, s.Text)
		if s.Command != "" {
			fmt.Fprintf(b, "       %s\n", s.Command)
		}
	}
}
