package main

import (
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

// printTrust writes the report as text or JSON.
func (a *app) printTrust(r trustReport) error {
	if a.json() {
		return a.encode(r)
	}
	_, err := fmt.Fprint(a.out, r.text())
	return err
}
