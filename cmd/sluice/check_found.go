package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

// checked is all that check has to say. Its form is that of -o json.
type checked struct {
	Target   string          `json:"target"`
	Base     schema.Hash     `json:"base"`
	Head     schema.Hash     `json:"head"`
	Signed   schema.Hash     `json:"signed"`           // head of what people pushed
	Source   string          `json:"judged_by"`        // where the rules in force come from
	Ledger   int64           `json:"ledger,omitempty"` // its last entry; 0 where it was not fetched
	Control  *checkedControl `json:"control,omitempty"`
	Cells    []checkedCell   `json:"cells"`
	Findings []checkFinding  `json:"findings"`
	Notes    []string        `json:"notes,omitempty"`

	known map[checkFinding]bool // those of Findings
}

// checkedCell is what changes in one app in one stage, and what its gate says.
type checkedCell struct {
	Stage   schema.StageName `json:"stage"`
	App     schema.App       `json:"app"`
	Path    string           `json:"path"`
	Kind    schema.Kind      `json:"kind"`
	Tune    bool             `json:"tune,omitempty"`
	Hint    bool             `json:"hint,omitempty"` // the kind is a guess
	Source  string           `json:"source,omitempty"`
	From    string           `json:"from"`
	To      string           `json:"to"`
	Edits   []diff.Edit      `json:"edits"`
	Answers []checkedAnswer  `json:"answers"`
	// Mode is that of the stage where it does not enforce: what its gate says keeps nothing out.
	Mode    schema.StageMode `json:"mode,omitempty"`
	Pending bool             `json:"pending,omitempty"` // it is on top of something that was not admitted
}

type checkedControl struct {
	Changed []string        `json:"changed"`
	Answers []checkedAnswer `json:"answers"`
}

// notJudged is the answer to a question that a checkout cannot answer (RULES R40).
const notJudged = "not judged here"

// checkedAnswer is what one policy says.
type checkedAnswer struct {
	Policy  string      `json:"policy"`
	Outcome string      `json:"outcome"` // allow, hold, deny or not judged here
	Code    schema.Code `json:"code,omitempty"`
	Text    string      `json:"text,omitempty"`
	By      string      `json:"judged_by,omitempty"` // who judges what is not judged here
}

// checkFinding is one thing to mend.
type checkFinding struct {
	schema.Position
	Severity string      `json:"severity"` // error or warning
	Code     schema.Code `json:"code"`
	Policy   string      `json:"policy,omitempty"`
	Cell     string      `json:"cell,omitempty"`
	Key      string      `json:"key,omitempty"` // inside the file, as a JSON Pointer
	Message  string      `json:"message"`
	Fix      string      `json:"fix,omitempty"`
	// Before says that it stands in something that the change leaves alone: it is told, and decides nothing.
	Before bool `json:"before,omitempty"`
}

func (f checkFinding) fails() bool { return f.Severity == "error" && !f.Before }

func (c *checked) failed() int {
	n := 0
	for _, f := range c.Findings {
		if f.fails() {
			n++
		}
	}
	return n
}

// add takes a finding once, and completes it by what the registry knows of its code.
func (c *checked) add(f checkFinding) {
	info, known := schema.Explain(f.Code)
	if f.Fix == "" {
		f.Fix = info.Fix
	}
	if f.Severity == "" {
		f.Severity = "error"
		if known && info.Warning {
			f.Severity = "warning"
		}
	}
	f.File, f.Message = strings.TrimPrefix(f.File, "./"), schema.Printable(f.Message)
	if c.known == nil {
		c.known = map[checkFinding]bool{}
	}
	if !c.known[f] {
		c.known[f] = true
		c.Findings = append(c.Findings, f)
	}
}

// sorted orders the findings by place, as a reader goes through the files.
func (c *checked) sorted() *checked {
	if c.Findings == nil {
		c.Findings = []checkFinding{}
	}
	if c.Cells == nil {
		c.Cells = []checkedCell{}
	}
	slices.SortStableFunc(c.Findings, func(x, y checkFinding) int {
		return cmp.Or(strings.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column),
			strings.Compare(string(x.Code), string(y.Code)), strings.Compare(x.Message, y.Message))
	})
	return c
}

// verdict is the whole in a word.
func (c *checked) verdict() string {
	if c.failed() > 0 {
		return "findings"
	}
	return "clean"
}

// digest names the plan: equal where the same keys of the same cells change in the same way.
func (c *checked) digest() schema.Digest {
	type plan struct {
		Cells   []checkedCell
		Control []string
	}
	p := plan{Cells: slices.Clone(c.Cells)}
	for i := range p.Cells {
		p.Cells[i].Answers = nil
	}
	if c.Control != nil {
		p.Control = c.Control.Changed
	}
	data, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return schema.DigestOf(data)
}
