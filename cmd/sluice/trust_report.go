package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// trustReport is what every command that touches the next version says about it.
type trustReport struct {
	Version  int                `json:"version"`
	InForce  int                `json:"in_force"` // 0 before the first
	Source   string             `json:"source,omitempty"`
	Anchor   schema.Digest      `json:"anchor,omitempty"` // of version 1 alone
	Ready    bool               `json:"ready"`            // it may come into force
	Changes  []trustChange      `json:"changes"`
	Dropped  []string           `json:"dropped,omitempty"` // signatures that were for other bytes
	Old      *signatureCount    `json:"signatures_in_force,omitempty"`
	New      *signatureCount    `json:"signatures_new,omitempty"`
	Unproven []unprovenKey      `json:"unproven,omitempty"`
	Findings []trustFindingLine `json:"findings,omitempty"` // beside missing signatures and proofs
	Refused  []string           `json:"refused_signatures,omitempty"`
	Notes    []string           `json:"notes,omitempty"`
	Next     []nextStep         `json:"next"`
}

// signatureCount is who signed for one of the two versions, and who else can.
type signatureCount struct {
	Version int      `json:"version"`
	Need    int      `json:"need"`
	Roots   int      `json:"roots"`
	Have    []string `json:"have"`
	Can     []string `json:"can"` // and have not
}

func (c *signatureCount) missing() int {
	if c == nil {
		return 0
	}
	return max(0, c.Need-len(c.Have))
}

// unprovenKey is a new key whose owner has not shown to hold it.
type unprovenKey struct {
	Person string `json:"person"`
	Path   string `json:"path"`
	Root   bool   `json:"root"` // of somebody who becomes a root: signing with the key shows it as well
}

type trustFindingLine struct {
	Code   schema.Code `json:"code"`
	Detail string      `json:"detail"`
	Fix    string      `json:"fix,omitempty"`
}

func foundLine(code schema.Code, detail string) trustFindingLine {
	info, _ := schema.Explain(code)
	return trustFindingLine{code, detail, info.Fix}
}

// nextStep is something to do, with the exact command if there is one.
type nextStep struct {
	Text    string `json:"text"`
	Command string `json:"command,omitempty"`
}

// report says where a version stands.
func (d *trustDesk) report(next signing.TrustVersion) trustReport {
	old, root := d.inForce(), next.Trust.Root
	update := d.judge(next)
	r := trustReport{
		Version: root.Version, InForce: old.Root.Version, Source: d.source, Ready: update.OK,
		Changes: trustChanges(old, next.Trust), Refused: update.Refused,
	}
	if d.force == nil {
		r.Source, r.Anchor = "", next.Trust.RootDigest
	}
	can := signing.SignersOf(old, next.Trust, now())
	if d.force != nil {
		r.Old = &signatureCount{old.Root.Version, update.NeedOld, len(old.Root.Roots), named(update.By), without(can.Old, update.By)}
	}
	r.New = &signatureCount{root.Version, update.NeedNew, len(root.Roots), named(update.New), without(can.New, update.New)}
	for _, f := range update.Findings {
		switch f.Code {
		case signing.CodeTrustThreshold:
		case signing.CodeTrustProof:
			if key, missing := withoutProof(next.Trust, f.Detail); missing {
				r.Unproven = append(r.Unproven, unprovenKey{key.Principal, key.Path, slices.Contains(root.Roots, key.Principal) && !slices.Contains(old.Root.Roots, key.Principal)})
				continue
			}
			fallthrough
		default:
			r.Findings = append(r.Findings, foundLine(f.Code, f.Detail))
		}
	}
	if d.force != nil && !can.Enough(update.NeedOld, update.NeedNew) {
		r.Findings = append(r.Findings, foundLine(signing.CodeTrustLockout, neverEnough(update)))
	}
	if d.force != nil && !d.sealed {
		r.Notes = append(r.Notes, "this clone has no ledger. If the project is sealed, git fetch first; if not, seal it first: sluice init --seal")
	}
	r.Notes = append(r.Notes, d.advice(next.Trust)...)
	if len(d.mixed) > 0 && d.force != nil {
		r.Notes = append(r.Notes, fmt.Sprintf("this branch changes %s as well. Together with an app's files the reconciler refuses both [policy-mixed]; keep a trust version alone", schema.Printable(d.mixed[0])))
	}
	r.Next = r.steps(d.branch, d.clean, exists(filepath.Join(d.top, schema.ProjectFile)))
	return r
}

// advice says which of the roles are for a stage that sluice.yaml of the checkout does not have.
func (d *trustDesk) advice(t schema.Trust) []string {
	source, err := os.ReadFile(filepath.Join(d.top, schema.ProjectFile))
	if err != nil {
		return nil
	}
	project, found := schema.LoadProject(schema.ProjectFile, source)
	if len(found) > 0 {
		return nil
	}
	var out []string
	for _, a := range project.Advice(t) {
		if a.Code == "role-without-stage" {
			out = append(out, strings.TrimSuffix(a.Message+": "+a.Hint, ": "))
		}
	}
	return out
}

// neverEnough says why the signatures that a version needs cannot be given.
func neverEnough(u signing.Update) string {
	return fmt.Sprintf("it needs %s of the version in force and %s of its own, which cannot be given: "+
		"who loses a key in the same version in which another is added signs with one of them alone. Make it two versions: first add the new key, then revoke the old one",
		count(int64(u.NeedOld), "signature", "signatures"), count(int64(u.NeedNew), "signature", "signatures"))
}

// withoutProof finds the key that a finding is about, if it has no proof at all.
func withoutProof(t schema.Trust, detail string) (schema.Key, bool) {
	for _, k := range t.Keys {
		if strings.HasPrefix(detail, k.Path+": ") {
			return k, k.Proof == nil
		}
	}
	return schema.Key{}, false
}

func named(people []string) []string {
	if people == nil {
		return []string{}
	}
	return people
}

func without(people, those []string) []string {
	return slices.DeleteFunc(named(slices.Clone(people)), func(p string) bool { return slices.Contains(those, p) })
}

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

// printTrust writes the report as text or JSON.
func (a *app) printTrust(r trustReport) error {
	if a.json() {
		return a.encode(r)
	}
	_, err := fmt.Fprint(a.out, r.text())
	return err
}

// encode writes one JSON object a line, with & and < as they are: commands are to be read and copied.
func (a *app) encode(v any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

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
