package policies

import (
	"encoding/json"
	"math/big"
	"slices"

	"cel.dev/cel-go/cel"

	"github.com/sluice-gitops/sluice/schema"
)

// Word is a fact as an expression names it.
type Word struct {
	Name string
	Says string // for people
	kind *cel.Type
	// value is the fact in the types of CEL; false if nobody knows it.
	value func(Facts) (any, bool)
}

// Type is the fact's type as CEL writes it.
func (w Word) Type() string { return w.kind.String() }

// Words are facts by name, sorted.
type Words []Word

// Vocabulary is everything that an expression may name. Nothing writes to it.
var Vocabulary = Words{
	{"added", "files that the change adds", texts, func(f Facts) (any, bool) { return sideOnly(f, f.After, f.Before) }},
	{"app", "the app", cel.StringType, func(f Facts) (any, bool) { return string(f.Cell.App), f.Cell.App != "" }},
	{"approvers", "ids of the people with a role to approve who approved exactly this change and did not work on it", texts, approvers},
	{"authors", "ids of the people who worked on the change; an address or account that is nobody's, by itself", texts, func(f Facts) (any, bool) {
		return Authors(f), len(f.Commits) > 0
	}},
	{"changed", "files that the change adds, changes or deletes", texts, func(f Facts) (any, bool) {
		return sorted(changed(f.Before, f.After)), bothKnown(f)
	}},
	{"deleted", "files that it deletes", texts, func(f Facts) (any, bool) { return sideOnly(f, f.Before, f.After) }},
	{"files", "YAML and JSON files of the app after the change, by path: their values", cel.MapType(cel.StringType, cel.DynType), func(f Facts) (any, bool) {
		return decoded(f.reading, f.Files, f.After, f.Change.To)
	}},
	{"kind", "edit, promote, rollback, tune or retire", cel.StringType, func(f Facts) (any, bool) {
		return string(f.Change.Kind), f.Change.Kind != schema.Unclassified
	}},
	{"now", "time of the decision", cel.TimestampType, func(f Facts) (any, bool) { return f.Now.UTC(), !f.Now.IsZero() && f.ClockSkew == 0 }},
	{"signers", "ids of the people and robots who signed its commits", texts, func(f Facts) (any, bool) {
		return signersOf(f.Commits), len(f.Commits) > 0
	}},
	{"soaked", "how long a promoted revision was live in the stage before, undisturbed", cel.DurationType, func(f Facts) (any, bool) {
		if f.Change.Source == nil || f.ClockSkew != 0 {
			return nil, false
		}
		return f.Change.Source.Soaked, true
	}},
	{"source", "the stage that it is promoted from; empty where it is not promoted", cel.StringType, func(f Facts) (any, bool) {
		if f.Change.Source == nil {
			return "", f.Change.Kind != schema.Unclassified && f.Change.Kind != schema.Promote
		}
		return string(f.Change.Source.Stage), true
	}},
	{"stage", "the stage", cel.StringType, func(f Facts) (any, bool) { return string(f.Cell.Stage), f.Cell.Stage != "" }},
	{"title", "title of the merge request, as anybody may write it", cel.StringType, func(f Facts) (any, bool) {
		if f.MergeRequest == nil || f.MergeRequest.Title == "" { // none is without one at the forge
			return nil, false
		}
		return f.MergeRequest.Title, true
	}},
	{"tunes", "whether stage-local files change", cel.BoolType, func(f Facts) (any, bool) {
		return f.Change.Tune, f.Change.Kind != schema.Unclassified && (f.Change.Kind == schema.Tune || !f.Change.Tune || bothKnown(f))
	}},
	{"was", "the same as files, before the change", cel.MapType(cel.StringType, cel.DynType), func(f Facts) (any, bool) {
		return decoded(f.reading, f.Was, f.Before, f.Change.From)
	}},
}

var texts = cel.ListType(cel.StringType)

func (w Words) word(name string) (Word, bool) {
	i, ok := slices.BinarySearchFunc(w, name, func(word Word, name string) int {
		switch {
		case word.Name < name:
			return -1
		case word.Name > name:
			return 1
		}
		return 0
	})
	if !ok {
		return Word{}, false
	}
	return w[i], true
}

// values finds the facts of these names; unknown are those that nobody knows.
func (w Words) values(f Facts, names []string) (known map[string]any, unknown []string) {
	known = make(map[string]any, len(names))
	for _, name := range names {
		word, ok := w.word(name)
		if ok {
			known[name], ok = word.value(f)
		}
		if !ok {
			delete(known, name)
			unknown = append(unknown, name)
		}
	}
	return known, unknown
}

func bothKnown(f Facts) bool {
	return known(f.Change.From, f.Before) && known(f.Change.To, f.After) && f.Change.To.Content != ""
}

// sideOnly are the paths that one side of the change has and the other has not.
func sideOnly(f Facts, has, has2 schema.Manifest) ([]string, bool) {
	other := map[string]bool{}
	for _, file := range has2 {
		other[file.Path] = true
	}
	out := []string{}
	for _, file := range has {
		if !other[file.Path] {
			out = append(out, file.Path)
		}
	}
	return sorted(out), bothKnown(f)
}

// approvers are those whom the approvals policy counts, whenever they approved and whatever role they have.
func approvers(f Facts) (any, bool) {
	if f.MergeRequest == nil && len(f.Signed) == 0 {
		return nil, false
	}
	asked := Approvals{Roles: []schema.RoleName{schema.RoleAdmin, schema.RoleApprover, schema.RoleRelease, schema.RoleRoot}}
	excluded := asked.excluded(f)
	counted, _ := asked.signed(f, excluded)
	for _, given := range f.Approvals {
		if who, code := asked.judge(f, given, excluded); code == "" {
			counted[who] = true
		}
	}
	return keys(counted), true
}

func signersOf(commits []schema.CommitVerdict) []string {
	set := map[string]bool{}
	for _, c := range commits {
		if c.OK() {
			set[c.Principal] = true
		}
	}
	return keys(set)
}

// decoded are the values of an app's files. Files that are not those of the manifest, or do not parse, are not known: what is
// said of them could be wrong.
func decoded(r reading, files map[string][]byte, manifest schema.Manifest, side schema.Side) (map[string]any, bool) {
	if side.Content == "" || !known(side, manifest) {
		return nil, false
	}
	out := map[string]any{}
	for _, file := range manifest {
		data, ok := files[file.Path]
		if !ok || schema.DigestOf(data) != file.Digest {
			return nil, false
		}
		if !isData(file.Path) {
			continue
		}
		value, err := r.decode(file.Path, data)
		if err != nil {
			return nil, false
		}
		if out[file.Path], ok = celValue(value); !ok {
			return nil, false
		}
	}
	return out, true
}

// celValue makes of a decoded value what CEL calculates with: whole numbers are int, others double. A number that neither can
// hold is no value. What it was made of stays as it is: other policies read the same.
func celValue(value any) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			plain, ok := celValue(item)
			if !ok {
				return nil, false
			}
			out[name] = plain
		}
		return out, true
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			plain, ok := celValue(item)
			if !ok {
				return nil, false
			}
			out[i] = plain
		}
		return out, true
	case json.Number:
		return celNumber(v)
	}
	return value, true
}

// celNumber is a whole number as int, another as double. A whole one that a double would round is no value: two that differ would be
// equal.
func celNumber(v json.Number) (any, bool) {
	if n, err := v.Int64(); err == nil {
		return n, true
	}
	n, err := v.Float64()
	if err != nil {
		return nil, false
	}
	if whole, ok := new(big.Int).SetString(v.String(), 10); ok {
		if _, accuracy := new(big.Float).SetInt(whole).Float64(); accuracy != big.Exact {
			return nil, false
		}
	}
	return n, true
}
