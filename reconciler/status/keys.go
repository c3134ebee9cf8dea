package status

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

// Content reads the files below a path of the repository at a commit, by their names there; none where there is no such path.
type Content func(ctx context.Context, commit schema.Hash, path string) (map[string][]byte, error)

// keyLine is a key with what it is on both sides. What looks like a secret, and with values hidden everything, is not in it.
type keyLine struct {
	Op, Key  string
	From, To string
	File     string
	Line     int
	Critical bool
	Equal    bool
	// Place is where it stands among all lines, whatever else is there: what differs first, then by file and key.
	Place string
}

// keysPerPage bounds a page of keys; the rest is asked for.
const keysPerPage = 100

// most of a file that the page reads: what is larger is compared by its digest alone.
const mostRead = 1 << 20

// compared are two sides key by key: what differs, with what a gate calls critical first.
type compared struct {
	Lines  []keyLine
	Equal  int
	Values bool
}

// compare reads both sides. Without values it says of a key whether it differs, and nothing else.
func (req asked) compare(app schema.App, from, to side, equal bool) (compared, error) {
	before, err := req.files(from)
	if err != nil {
		return compared{}, err
	}
	after, err := req.files(to)
	if err != nil {
		return compared{}, err
	}
	edits, same := diff.Keys(before, after)
	if equal {
		all, _ := diff.Keys(nil, after)
		edits = append(edits, unchanged(all, edits)...)
	}
	out := compared{Equal: same, Values: req.cfg.Values}
	fields := criticalFields(req.view, to.Stage)
	for _, e := range diff.Mask(edits) {
		line := keyLine{Op: e.Op, Key: e.Key, File: e.File, Line: e.Position.Line, Equal: e.Op == "",
			Critical: slices.ContainsFunc(fields, func(f schema.Field) bool { return f.Reaches(e.File, e.Pointer, true) })}
		if req.cfg.Values {
			line.From, line.To = sealedOff(e.From), sealedOff(e.To)
		}
		line.Place = fmt.Sprintf("%d:%s#%s", rank(line), strings.ToValidUTF8(e.File, "�"), strings.ToValidUTF8(e.Pointer, "�"))
		out.Lines = append(out.Lines, line)
	}
	slices.SortStableFunc(out.Lines, func(a, b keyLine) int { return cmp.Compare(a.Place, b.Place) })
	return out, nil
}

// page are the lines after a place, most of them; after is the place of the last of them where there are more, and rest how many. Lines
// that come or go meanwhile move no others from page to page.
func (c compared) page(place string, most int) (lines []keyLine, after string, rest int) {
	from := 0
	if place != "" {
		from = sort.Search(len(c.Lines), func(i int) bool { return c.Lines[i].Place > place })
	}
	lines = c.Lines[from:min(from+most, len(c.Lines))]
	if rest = len(c.Lines) - from - len(lines); rest > 0 {
		after = lines[len(lines)-1].Place
	}
	return lines, after, rest
}

// unchanged are the keys that are among all and not among those that differ.
func unchanged(all, edits []diff.Edit) []diff.Edit {
	differs := map[[2]string]bool{}
	for _, e := range edits {
		differs[[2]string{e.File, e.Pointer}] = true
	}
	var out []diff.Edit
	for _, e := range all {
		if !differs[[2]string{e.File, e.Pointer}] {
			e.Op, e.From = "", e.To
			out = append(out, e)
		}
	}
	return out
}

func rank(l keyLine) int {
	switch {
	case l.Equal:
		return 2
	case l.Critical:
		return 0
	}
	return 1
}

// files are those of a side; what is too large stands there by its digest, so that it is no page's to render.
func (req asked) files(s side) (map[string][]byte, error) {
	if s.Commit.IsZero() {
		return nil, nil
	}
	files, err := req.cfg.Content(req.ctx, s.Commit, s.Path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.Text, err)
	}
	for name, data := range files {
		if len(data) > mostRead {
			delete(files, name)
			files[name+" (too large to show)"] = []byte(schema.DigestOf(data))
		}
	}
	return files, nil
}

// sealedOff hides what is encrypted: nobody reads it, and its length says something.
func sealedOff(value string) string {
	if strings.HasPrefix(value, `"ENC[`) || strings.HasPrefix(value, "ENC[") {
		return "(encrypted)"
	}
	return value
}

// criticalFields are those whose change the gates into a stage call critical.
func criticalFields(v schema.View, stage schema.StageName) []schema.Field {
	var out []schema.Field
	for _, step := range v.Steps {
		if step.To != stage {
			continue
		}
		for _, p := range step.Policies {
			if p.Name != "critical" || p.Value == nil {
				continue
			}
			if spec, err := p.Critical(); err == nil {
				out = append(out, spec.Fields...)
			}
		}
	}
	return out
}
