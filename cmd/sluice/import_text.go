package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// importReport is what was found, what is or would be written, and what stands in the way.
type importReport struct {
	From    string              `json:"from"`
	Stage   schema.StageName    `json:"stage"`
	Read    int                 `json:"read"`  // values
	Taken   int                 `json:"taken"` // of them, in Files
	Files   []importedFile      `json:"files"`
	Left    []integrations.Left `json:"left"`
	Refused schema.Diagnostics  `json:"refused"`
	Beside  []string            `json:"beside"`    // in the apps' places already, and not read
	Unknown []string            `json:"unchecked"` // targets whose kind nobody says
	Written bool                `json:"written"`
	Wrote   int                 `json:"wrote"`           // files
	Later   string              `json:"later,omitempty"` // why nothing follows here
	Next    []string            `json:"next"`
}

type importedFile struct {
	App    schema.App    `json:"app"`
	File   string        `json:"file"` // in the checkout
	State  string        `json:"state"`
	Size   int           `json:"size"`
	Digest schema.Digest `json:"digest"`
}

func (i *importInto) report(source importSource, found integrations.Existing, plan importPlan) importReport {
	out := importReport{
		From: source.String(), Stage: i.rules.stage.Name, Read: len(found.Items), Taken: plan.taken, Files: []importedFile{},
		Left: append([]integrations.Left{}, plan.left...), Refused: append(schema.Diagnostics{}, plan.refused...), Beside: append([]string{}, i.beside...), Unknown: []string{},
	}
	for _, f := range plan.files {
		out.Files = append(out.Files, importedFile{f.App, f.Where, f.State, len(f.Data), schema.DigestOf(f.Data)})
	}
	for _, t := range i.rules.stage.Targets {
		if kind, _ := i.rules.kindOf(t.Name); kind == "" {
			out.Unknown = append(out.Unknown, t.Name)
		}
	}
	out.Later, out.Next = i.later(), i.next(len(plan.refused) > 0)
	return out
}

// next are the commands that follow. Once the project is sealed nobody pushes into a stage's place: what comes there is judged.
func (i *importInto) next(refused bool) []string {
	if refused || i.later() != "" {
		return []string{}
	}
	stage := i.rules.stage
	commit := "git add -A && git commit -S -m \"config: import " + string(stage.Name) + "\""
	if !i.sealed {
		return []string{"sluice lint", commit + " && git push", "sluice init --seal"}
	}
	into := strings.TrimPrefix(i.rules.project.Ref(stage), "refs/heads/")
	next := []string{"sluice lint", "git switch -c import-" + string(stage.Name), commit, "git push -u origin HEAD   # and open a merge request into " + into}
	if lifecycle.Enters(i.rules.project, stage.Name) {
		return next
	}
	return append(next, "sluice init --seal --stage "+string(stage.Name)+"   # once it is merged")
}

// later says where changes begin, for a stage that others come before and that is no longer sealed: its gate would deny what is pushed.
func (i *importInto) later() string {
	p, name := i.rules.project, i.rules.stage.Name
	if !i.used || lifecycle.Enters(p, name) {
		return ""
	}
	text := fmt.Sprintf("stage %s has admitted apps already, or its ledger cannot be read: what is pushed into its place is denied [no-evidence]", name)
	for _, s := range p.Stages {
		if lifecycle.Enters(p, s.Name) {
			return text + fmt.Sprintf("; give the same command with --stage %s, and promote from there", s.Name)
		}
	}
	return text
}

func (a *app) printImport(r importReport) {
	apps := map[schema.App][3]int{} // files new, the same, different
	for _, f := range r.Files {
		n := apps[f.App]
		n[max(slices.Index([]string{importNew, importSame, importDiffer}, f.State), 0)]++
		apps[f.App] = n
	}
	fmt.Fprintf(a.out, "read     %s from %s, for stage %s\n", count(int64(r.Read), "value", "values"), schema.Printable(r.From), r.Stage)
	for _, app := range slices.Sorted(maps.Keys(apps)) {
		n := apps[app]
		line := count(int64(n[0]+n[1]+n[2]), "file", "files")
		if n[1] > 0 {
			line += fmt.Sprintf(", %d there already", n[1])
		}
		if n[2] > 0 {
			line += fmt.Sprintf(", %d over other content", n[2])
		}
		fmt.Fprintf(a.out, "app      %-24s %s\n", schema.Printable(string(app)), line)
	}
	for _, left := range r.Left {
		fmt.Fprintf(a.out, "left     %s: %s\n", schema.Printable(left.Place), left.Why)
	}
	for _, path := range r.Beside {
		fmt.Fprintf(a.out, "stays    %s: it was not read\n", schema.Printable(path))
	}
	for _, name := range r.Unknown {
		fmt.Fprintf(a.out, "unknown  what target %s can hold: --config FILE says its kind\n", name)
	}
	for _, d := range r.Refused {
		fmt.Fprintln(a.out)
		d.Render(a.out, a.colored())
	}
	a.printImported(r)
}

// printImported says what came of it, last.
func (a *app) printImported(r importReport) {
	if len(r.Refused) > 0 {
		fmt.Fprintf(a.out, "\nnothing is written: %s\n", count(int64(len(r.Refused)), "value or file is refused", "values or files are refused"))
		return
	}
	fmt.Fprintf(a.out, "back     %d of %s would be delivered as they were read\n", r.Taken, count(int64(r.Taken), "value", "values"))
	if r.Written {
		fmt.Fprintf(a.out, "written  %s\n", count(int64(r.Wrote), "file", "files"))
	} else {
		fmt.Fprintln(a.out, "nothing is written: --write does it")
	}
	if r.Later != "" {
		fmt.Fprintln(a.out, "\nnot to be pushed: "+r.Later)
		return
	}
	fmt.Fprintln(a.out, "\nnext:")
	for _, line := range r.Next {
		fmt.Fprintln(a.out, "  "+line)
	}
}
