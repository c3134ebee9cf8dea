package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// requestSheet is what a person signs, as -o json prints it.
type requestSheet struct {
	ID        string                  `json:"id"`
	Kind      string                  `json:"kind"`
	Says      []string                `json:"says"` // what will happen, in sentences
	Statement schema.RequestStatement `json:"statement"`
	Text      string                  `json:"text"` // the bytes that are signed
	Steps     []step                  `json:"cells,omitempty"`
	Need      int                     `json:"need"`
	By        []string                `json:"by"` // who signed and counts
	Roles     []string                `json:"roles"`
	May       []string                `json:"may_sign"`
	Signer    string                  `json:"signer,omitempty"`
	Key       string                  `json:"key,omitempty"`
	Tag       string                  `json:"tag,omitempty"`
	Pushed    bool                    `json:"pushed"`
	Before    bool                    `json:"signed_before,omitempty"`
	DryRun    bool                    `json:"dry_run,omitempty"`
}

func (a *app) printRequest(s requestSheet) error {
	if !a.json() {
		a.writeRequest(s)
		a.writeRequestSigned(s)
		return nil
	}
	if s.By == nil {
		s.By = []string{}
	}
	return a.encode(s)
}

func (a *app) writeRequest(s requestSheet) {
	fmt.Fprintf(a.out, "%s %s\n", s.Kind, s.ID)
	for _, sentence := range s.Says {
		fmt.Fprintf(a.out, "  %s\n", schema.Printable(sentence))
	}
	for _, one := range s.Steps {
		writeStep(a.out, one)
		fmt.Fprintln(a.out)
	}
	fmt.Fprintf(a.out, "reason: %s\n", schema.Printable(s.Statement.Reason))
	fmt.Fprintf(a.out, "needs:  %s with the role %s: %s\n", count(int64(s.Need), "person", "people"), strings.Join(s.Roles, " or "), orNobody(s.May))
	if len(s.May) < s.Need {
		fmt.Fprintln(a.out, "        too few have it: the roots give it in the trust directory")
	}
	if len(s.By) > 0 {
		fmt.Fprintf(a.out, "so far: %s\n", strings.Join(s.By, ", "))
	}
	fmt.Fprintf(a.out, "usable: until %s\n", minute(usableUntil(s.Statement)))
	if s.Key != "" {
		fmt.Fprintf(a.out, "you sign as %s, with %s\n", s.Signer, s.Key)
	} else {
		fmt.Fprintf(a.out, "you sign with %s\n", schema.Printable(s.Signer))
	}
}

// usableUntil is when the reconciler stops looking at a request.
func usableUntil(s schema.RequestStatement) time.Time {
	end := s.Made.Add(schema.RequestLife)
	if !s.Until.IsZero() && s.Until.Before(end) {
		return s.Until
	}
	return end
}

func (a *app) writeRequestSigned(s requestSheet) {
	switch {
	case s.DryRun:
		fmt.Fprintf(a.out, "would sign, in the namespace %s:\n\n%s\n", signing.NamespaceOf(s.Kind), indented(s.Text))
		return
	case s.Before:
		fmt.Fprintf(a.out, "you signed this already: %s\n", s.Tag)
	default:
		fmt.Fprintf(a.out, "pushed: %s\n", s.Tag)
	}
	if len(s.By) >= s.Need {
		fmt.Fprintln(a.out, "next: the reconciler carries it out in its next pass; sluice requests shows when")
		return
	}
	var others []string
	for _, who := range s.May {
		if !slices.Contains(s.By, who) {
			others = append(others, who)
		}
	}
	fmt.Fprintf(a.out, "next: %d of %d signed; %s\n", len(s.By), s.Need, waitsFor(others, s.Kind, s.ID))
}

// waitsFor says who can sign next, and how.
func waitsFor(others []string, kind, id string) string {
	if len(others) == 0 {
		return "nobody else has the role"
	}
	return fmt.Sprintf("it waits for %s: sluice %s --sign %s", strings.Join(others, " or "), kind, id)
}
