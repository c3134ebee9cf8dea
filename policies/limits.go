package policies

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

// Limits holds a change that does more to an app than people review, or deletes more than anybody means to.
type Limits struct{ schema.LimitsSpec }

// Evaluate has one part per limit that the change is past. Approvals can let a large change through where the gate says how
// many; what deletes too much only other rules let through.
func (l Limits) Evaluate(f Facts) schema.Verdict {
	const policy = "limits"
	if !known(f.Change.From, f.Before) || !known(f.Change.To, f.After) {
		return answer(policy, schema.Hold, "evidence-missing", "what", "the app's files before and after")
	}
	if l.Apps > 0 && f.Apps == 0 {
		return answer(policy, schema.Hold, "evidence-missing", "what", "how many apps the merge request changes")
	}
	e := extentOf(f.Before, f.After)
	large, missing := l.large(policy, e, f)
	if missing != "" {
		return answer(policy, schema.Hold, "evidence-missing", "what", missing)
	}
	parts := large
	if deleted := len(e.deleted); deleted*100 > l.Deletions*len(f.Before) {
		parts = append(parts, answer(policy, schema.Hold, "blast-radius",
			"app", string(f.Cell.App), "count", number(deleted), "of", number(len(f.Before)), "limit", number(l.Deletions)))
	}
	if len(parts) == 0 {
		return allow(policy)
	}
	if l.Large == 0 || len(large) == 0 {
		return schema.All(policy, parts...)
	}
	asked := Approvals{Observed: l.Large, AfterLive: true}.Evaluate(f)
	if asked.Outcome == schema.Allow {
		parts = parts[len(large):]
	}
	return schema.All(policy, append(parts, asked)...)
}

// known reports whether a manifest can be the files of one side of a change.
func known(side schema.Side, m schema.Manifest) bool {
	return (side.Content == schema.NoContent) == (len(m) == 0)
}

// unlisted reports whether an app has files after the change of which there is not one: then nobody gave them.
func unlisted(f Facts) bool {
	return f.Files == nil && f.Change.To.Content != schema.NoContent && f.Change.To.Revision != schema.None
}

// extent is what a change does to the files of an app. A file that moved is written, and not deleted: each new file is where one of the
// same bytes went, however many of these go.
type extent struct {
	written []schema.File // added or changed
	deleted []string
}

func extentOf(before, after schema.Manifest) extent {
	was := map[string]schema.File{}
	for _, file := range before {
		was[file.Path] = file
	}
	var e extent
	added := map[schema.Digest]int{}
	for _, file := range after {
		old, ok := was[file.Path]
		delete(was, file.Path)
		if ok && old.Digest == file.Digest && old.Mode == file.Mode {
			continue
		}
		e.written = append(e.written, file)
		if !ok {
			added[file.Digest]++
		}
	}
	for path, file := range was {
		if added[file.Digest] == 0 {
			e.deleted = append(e.deleted, path)
			continue
		}
		added[file.Digest]--
	}
	slices.Sort(e.deleted)
	return e
}

// named is how many files a verdict names for one reason; a thousand more say nothing new.
const named = 10

// large has a part for each limit that what is written is past; missing names a file that nobody gave.
func (l Limits) large(policy string, e extent, f Facts) (parts []schema.Verdict, missing string) {
	past := func(path, what string, have, limit int64) {
		if have > limit && len(parts) < named {
			parts = append(parts, answer(policy, schema.Hold, "large-change", "have", number64(have), "what", what, "limit", number64(limit)))
			if path != "" {
				parts[len(parts)-1].Args["path"] = path
			}
		}
	}
	if l.Apps > 0 {
		past("", "apps change together", int64(f.Apps), int64(l.Apps))
	}
	past("", "files change", int64(len(e.written)+len(e.deleted)), int64(l.Files))
	total := int64(0)
	for _, file := range e.written {
		data, ok := f.Files[file.Path]
		if !ok {
			return nil, file.Path
		}
		total += int64(len(data))
		past(file.Path, "bytes", int64(len(data)), l.File)
		switch {
		case !isText(data):
			if !l.Binary && len(parts) < named {
				parts = append(parts, answer(policy, schema.Hold, "large-change", "path", file.Path, "kind", "is not text"))
			}
		default:
			past(file.Path, "bytes in a line", longestLine(data), l.Line)
		}
	}
	past("", "bytes change", total, l.Bytes)
	return parts, ""
}

// isText reports whether people can read a file at all.
func isText(data []byte) bool { return utf8.Valid(data) && bytes.IndexByte(data, 0) < 0 }

func longestLine(data []byte) int64 {
	longest := 0
	for line := range bytes.Lines(data) {
		longest = max(longest, len(bytes.TrimRight(line, "\r\n")))
	}
	return int64(longest)
}
