package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// report prints the period for a terminal.
func (s auditSheet) report(r auditReport) error {
	fmt.Fprintf(s.to, "%s  %s to %s\n\n", s.paint("1", "audit report of "+schema.Printable(r.Project)), r.From.Format(auditTime), r.To.Format(auditTime))
	s.line("anchor", "%s", r.Anchor)
	s.line("ledger", "%s, root %s", count(r.Checkpoint.Size, "entry", "entries"), r.Checkpoint.Root)
	for i, text := range strings.Split(r.Proof.summary(), "\n") {
		s.line(nameOnce(i, "proof"), "%s", strings.TrimSpace(text))
	}
	for _, f := range r.Proof.Findings {
		s.line("", "%s", findingLine(f))
	}
	fmt.Fprintln(s.to)
	w := tabwriter.NewWriter(s.to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STAGE\tADMITTED\tROLLED BACK\tRETIRED\tBROKE GLASS\tHELD\tDENIED\tDRIFT")
	for _, l := range r.Summary {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", l.Stage, l.Admitted, l.RolledBack, l.Retired, l.BrokeGlass, l.Held, l.Denied, l.Drift)
	}
	if len(r.People) > 0 {
		fmt.Fprintln(w, "\nPERSON\tSIGNED\tAPPROVED")
		for _, p := range r.People {
			fmt.Fprintf(w, "%s\t%d\t%d\n", schema.Printable(p.Person), p.Signed, p.Approved)
		}
	}
	fmt.Fprintln(w)
	if r.Sample != nil {
		fmt.Fprintf(w, "%d of %d admissions, drawn with seed %d\n\n", r.Sample.Drawn, r.Sample.Of, r.Sample.Seed)
	}
	if err := w.Flush(); err != nil || len(r.Admissions) == 0 {
		return err
	}
	w = tabwriter.NewWriter(s.to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "#\tWHEN (UTC)\tSTAGE\tAPP\tWHAT\tFROM\tTO\tMR\tSIGNED\tAPPROVED")
	for _, e := range r.Admissions {
		columns := reportColumns(e.Entry)
		for i := range columns {
			columns[i] = schema.Printable(columns[i])
		}
		fmt.Fprintln(w, strings.Join(columns, "\t"))
	}
	return w.Flush()
}

// reportColumns are what a table says of an admission.
func reportColumns(e ledger.Entry) []string {
	d := e.Decision
	mr := ""
	if d.MergeRequest != nil {
		mr = fmt.Sprintf("!%d", d.MergeRequest.IID)
	}
	what := string(e.Kind)
	if string(d.Change.Kind) != what {
		what += " " + string(d.Change.Kind)
	}
	approved := approversOf(*d)
	if e.Kind == ledger.BreakGlass && e.Order != nil {
		approved = "nobody: glass broken by " + strings.Join(e.Order.By, ", ")
	}
	return []string{
		fmt.Sprint(e.Seq), e.At.UTC().Format("2006-01-02 15:04:05"), string(e.Stage), string(e.App), what,
		d.Change.From.Revision.String(), d.Change.To.Revision.String(), mr, signersOf(*d), approved,
	}
}

//go:embed audit_report.html
var reportPage string

// writeReportPage writes the period as one page: no script, no other address, nothing to fetch.
func writeReportPage(w io.Writer, r auditReport) error {
	page, err := template.New("report").Funcs(template.FuncMap{
		"at":        func(t time.Time) string { return t.UTC().Format(auditTime) },
		"text":      func(v any) string { return schema.Printable(fmt.Sprint(v)) },
		"count":     count,
		"columns":   reportColumns,
		"commit":    commitText,
		"approval":  approvalText,
		"finding":   findingLine,
		"order":     orderText,
		"opened":    func(mr *ledger.MergeRequest) string { return mergeRequestText(*mr) },
		"change":    changeLine,
		"answers":   flatVerdict,
		"summaryOf": func(p proof) string { return strings.Join(strings.Fields(p.summary()), " ") },
	}).Parse(reportPage)
	if err != nil {
		return fmt.Errorf("report page: %w", err)
	}
	return page.Execute(w, r)
}

// flatVerdict lists the policies' answers, without the nodes that only join them.
func flatVerdict(v schema.Verdict) []string {
	if len(v.Parts) == 0 {
		text := v.Policy + ": " + v.Outcome.String()
		if v.Code != "" {
			text += " [" + string(v.Code) + "]"
		}
		if by := v.Args["by"]; by != "" {
			text += " " + by
		}
		return []string{text}
	}
	var out []string
	for _, p := range v.Parts {
		out = append(out, flatVerdict(p)...)
	}
	return out
}
