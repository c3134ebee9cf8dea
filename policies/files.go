package policies

import (
	"math"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// FileGate is what of a stage's gate the files of an app answer by themselves, whoever brings them and when: schemas, tags, lists,
// secrets, the limits of a single file, and expressions about nothing else. What anything else answers is taken as given, so
// that it finds what no approval and no time mends.
type FileGate struct {
	gate Gate
	kind schema.Kind
}

// ForFiles makes it of the gate that a stage asks of what enters it; first says that no stage leads to it.
func ForFiles(gates schema.Gates, first bool) (FileGate, error) {
	kind := schema.Promote
	if first {
		kind = schema.Edit
	}
	g := FileGate{kind: kind}
	for _, spec := range gates.For(kind) {
		p, err := New(spec)
		if err != nil {
			return FileGate{}, err
		}
		g.gate.policies = append(g.gate.policies, ofFiles(p))
	}
	return g, nil
}

// Judge asks about all files of an app, by path relative to it, as if a change brought them all; control files are schemas and
// lists by path.
func (g FileGate) Judge(cell schema.Cell, files, control map[string][]byte) (schema.Verdict, error) {
	if len(g.gate.policies) == 0 {
		return allow("gate"), nil
	}
	f := Facts{
		Cell: cell, Files: files, Schemas: control,
		Change: schema.Change{Kind: g.kind, Tune: g.kind == schema.Promote, From: schema.Side{Revision: schema.None, Content: schema.NoContent}},
	}
	var err error
	if f.After, f.Change.To, err = caseSide(files); err != nil {
		return schema.Verdict{}, err
	}
	return g.gate.Evaluate(f), nil
}

// JudgesFiles reports whether the files of an app, with the control files in force, are all that a policy asks for.
func JudgesFiles(policy string) bool {
	switch policy {
	case "schema", "secrets", "tags", "whitelist":
		return true
	}
	return false
}

// given allows: others judge it, by what is in no file.
type given struct{}

func (given) Evaluate(Facts) schema.Verdict { return allow("given") }

func ofFiles(p Policy) Policy {
	switch p := p.(type) {
	case Schema, Secrets, Tags, Whitelist:
		return p
	case Limits:
		if p.Large > 0 {
			return given{} // people may let it in
		}
		// How much changes at once is not known; each file is as large whenever it does.
		p.Files, p.Bytes, p.Deletions, p.Apps = math.MaxInt, math.MaxInt64, 100, 0
		return p
	case Expression:
		if slices.ContainsFunc(p.reads, func(fact string) bool { return fact != "app" && fact != "stage" && fact != "files" }) {
			return given{}
		}
		return p
	case Composed:
		p.Of = allOfFiles(p.Of)
		return p
	case When:
		p.Then = allOfFiles(p.Then)
		return p
	}
	return given{}
}

func allOfFiles(policies []Policy) []Policy {
	out := make([]Policy, len(policies))
	for i, p := range policies {
		out[i] = ofFiles(p)
	}
	return out
}
