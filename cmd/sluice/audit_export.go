package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) auditExportCommand() *cobra.Command {
	var f cloneFlags
	var format string
	c := &cobra.Command{
		Use: "export", Short: "Write every entry, or a SLSA statement for every admission, one a line", Args: cobra.NoArgs,
		Long: `audit export writes the ledger's entries as they stand in it, one line of JSON each. With --format slsa it writes one in-toto
Statement v1 for each admission, with a SLSA verification summary as its predicate. The statements are not signed: the ledger is,
and each names its entry.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "entries" && format != "slsa" {
				return usageError(fmt.Errorf("format %q: want entries or slsa", format))
			}
			return a.export(c.Context(), f, format == "slsa")
		},
	}
	f.add(c)
	c.Flags().StringVar(&format, "format", "entries", "`FORMAT` of the lines: entries or slsa")
	return c
}

func (a *app) export(ctx context.Context, f cloneFlags, slsa bool) error {
	project, err := a.openClone(ctx, f)
	if err != nil {
		return err
	}
	defer project.Close()
	for seq := int64(1); seq <= project.Ledger.Head().Size; seq++ {
		e, raw, err := project.Ledger.Entry(ctx, seq)
		if err != nil {
			return err
		}
		switch {
		case !slsa:
			_, err = a.out.Write(raw)
		case e.Kind.Admits():
			err = a.encode(statementOf(e, schema.DigestOf(raw), project.Ledger.Head().Form))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// statement is an in-toto Statement v1 with a SLSA verification summary v1, as far as there is something to say.
type statement struct {
	Type          string              `json:"_type"`
	Subject       []slsaSubject       `json:"subject"`
	PredicateType string              `json:"predicateType"`
	Predicate     verificationSummary `json:"predicate"`
}

type slsaSubject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

type verificationSummary struct {
	Verifier           verifier   `json:"verifier"`
	TimeVerified       time.Time  `json:"timeVerified"`
	ResourceURI        string     `json:"resourceUri"`
	Policy             resource   `json:"policy"`
	InputAttestations  []resource `json:"inputAttestations"`
	VerificationResult string     `json:"verificationResult"`
	VerifiedLevels     []string   `json:"verifiedLevels"`
}

type verifier struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version"`
}

type resource struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest,omitempty"`
}

// statementOf says of an admission what a SLSA verification summary can say. It claims no level of SLSA: what was verified
// is in the entry, which it names; form says where in the ledger its evidence lies.
func statementOf(e ledger.Entry, digest schema.Digest, form ledger.Form) statement {
	d := e.Decision
	place := fmt.Sprintf("sluice:%s/%s/%s", e.Project, e.Stage, e.App)
	level := "SLUICE_ADMITTED"
	for _, c := range d.Counted {
		if c.Level == "signed" {
			level = "SLUICE_ADMITTED_SIGNED_APPROVAL"
		}
	}
	s := statement{
		Type: "https://in-toto.io/Statement/v1", PredicateType: "https://slsa.dev/verification_summary/v1",
		Subject: []slsaSubject{
			{Name: place, Digest: sha256Of(string(d.Change.To.Content))},
			{Name: d.Landing.Ref, Digest: map[string]string{"gitCommit": d.Landing.Tip.String()}},
		},
		Predicate: verificationSummary{
			Verifier: verifier{ID: "https://github.com/sluice-gitops/sluice", Version: map[string]string{"sluice": version}}, TimeVerified: e.At,
			ResourceURI: place, Policy: resource{URI: fmt.Sprintf("sluice:%s/control/%d/gate", e.Project, d.Control), Digest: sha256Of(string(d.Gate))},
			InputAttestations:  []resource{{URI: fmt.Sprintf("sluice:%s/entry/%d", e.Project, e.Seq), Digest: sha256Of(string(digest))}},
			VerificationResult: "PASSED", VerifiedLevels: []string{level},
		},
	}
	if e.Kind == ledger.BreakGlass { // no gate looked at it
		s.Predicate.VerifiedLevels = []string{"SLUICE_BREAK_GLASS"}
		s.Predicate.Policy = resource{URI: fmt.Sprintf("sluice:%s/break-glass", e.Project)}
	}
	for _, evidence := range e.Evidence {
		s.Predicate.InputAttestations = append(s.Predicate.InputAttestations, resource{URI: "sluice:" + e.Project + "/" + form.EvidencePath(evidence), Digest: sha256Of(string(evidence))})
	}
	return s
}

// sha256Of writes a digest as in-toto does; content without files has the digest of nothing.
func sha256Of(digest string) map[string]string {
	hexed, ok := strings.CutPrefix(digest, "sha256:")
	if !ok {
		hexed = schema.DigestOf(nil).Hex()
	}
	return map[string]string{"sha256": hexed}
}
