package schema

import (
	"path"
	"strings"
)

// place reads where a stage lies: place in the directory layout, branch in the branch layout.
func (r *projectReader) place(o object, d *stageDraft) {
	field, other, check := "place", "branch", badDirectory
	if r.project.Layout == BranchLayout {
		field, other, check = "branch", "place", badBranch
	}
	if v, p := o.get(other); v != nil {
		r.src.badValue(v, p, "write "+field+": instead", "is not used in layout "+string(r.project.Layout))
	}
	v, p := o.get(field)
	if v == nil {
		return
	}
	text := r.src.text(v, p)
	if text == "" {
		return
	}
	if why := check(text); why != "" {
		r.src.report(v.at, "bad-place", "", args{"place": text, "why": why})
	}
	d.where = v.at
	if field == "branch" {
		d.stage.Branch = text
	} else {
		d.stage.Place = text
	}
}

// badDirectory says why a stage cannot lie in a directory; empty if it can.
func badDirectory(dir string) string {
	switch {
	case strings.HasPrefix(dir, "/"), strings.Contains(dir, `\`), path.Clean(dir) != dir, dir == ".", dir == "..", strings.HasPrefix(dir, "../"):
		return "want a clean path from the top of the repository, like stages/production"
	case strings.ContainsFunc(dir, func(r rune) bool { return r < '!' || r == 0x7f || strings.ContainsRune("*?[", r) }):
		return "it contains a space, a control character or a wildcard"
	}
	first, _, _ := strings.Cut(dir, "/")
	if strings.EqualFold(first, ".sluice") || strings.EqualFold(first, ".git") || strings.EqualFold(first, ProjectFile) {
		return first + " is not configuration"
	}
	return ""
}

// badBranch says why a name cannot be a branch of configuration; empty if it can.
func badBranch(name string) string {
	if strings.HasPrefix(name, "sluice/") {
		return "branches below sluice/ are sluice's own"
	}
	return badRefName(name)
}

// badRefName holds git's rules for the names of branches.
func badRefName(name string) string {
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) }
	switch {
	case strings.ContainsFunc(name, bad), strings.Contains(name, ".."), strings.Contains(name, "@{"), strings.Contains(name, "//"),
		strings.HasPrefix(name, "/"), strings.HasSuffix(name, "/"), strings.HasSuffix(name, "."), strings.HasPrefix(name, "-"), name == "@", name == "HEAD":
		return "git allows no such branch"
	case strings.HasPrefix(name, "refs/"):
		return "write the branch without refs/heads/"
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return "git allows no such branch"
		}
	}
	return ""
}

// checkPlaces refuses two stages that share files. Branch names cannot lie inside one another either: git keeps refs as
// files. Case is ignored, because some file systems do.
func (r *projectReader) checkPlaces(drafts []stageDraft) {
	for i, d := range drafts {
		if r.project.Layout == BranchLayout && strings.EqualFold(d.stage.Branch, r.project.Branch) {
			r.src.report(d.where, "bad-place", "", args{"place": d.stage.Branch, "why": "the control files are on that branch"})
		}
		for j, other := range drafts {
			mine, theirs := d.stage.Place+d.stage.Branch, other.stage.Place+other.stage.Branch
			inside := strings.EqualFold(mine, theirs) && j < i || strings.HasPrefix(strings.ToLower(mine), strings.ToLower(theirs)+"/")
			if i != j && inside {
				r.src.report(d.where, "place-overlap", "", args{
					"place": mine, "stage": string(d.stage.Name), "other": theirs, "owner": string(other.stage.Name),
				})
			}
		}
	}
}
