package reconciler

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// account is the dumb twin: which files were in which stage, and whether they were read back there. It knows nothing of
// revisions, gates, flags or kinds, only what the entry says that let them in.
type account struct {
	of    map[schema.StageName][]stay
	wrong []string
	kinds map[string]int
	// answered are the files that somebody answered for in a stage: the entry that brought them was let in by more than a mode.
	answered map[fileIn]bool
}

// fileIn is a version of a file in a stage.
type fileIn struct {
	stage   schema.StageName
	path    string
	version int
}

// stay is one content that a stage had.
type stay struct {
	files content
	live  bool
	weak  bool // the mode of its stage alone let it in: nothing after it may come from here
}

func (a *account) delivered(stage schema.StageName) { a.of[stage][len(a.of[stage])-1].live = true }

// admitted asks the invariant of every file that entered a stage: it was admitted and live in a stage that leads here, or it came by
// rollback, by tune or by break-glass. The first stage is where files are written.
func (a *account) admitted(p schema.Project, stage schema.StageName, files content, e ledger.Entry) {
	kind := string(e.Decision.Change.Kind)
	if e.Kind == ledger.BreakGlass {
		kind = "break-glass"
	}
	if a.kinds == nil {
		a.kinds = map[string]int{}
	}
	weak := e.Kind != ledger.BreakGlass && e.Decision.Verdict.Outcome != schema.Allow
	if weak {
		kind = "by mode alone"
		if stage, _ := p.Stage(stage); !stage.Mode.Weak() {
			a.wrong = append(a.wrong, fmt.Sprintf("#%d: %s enforces", e.Seq, stage.Name))
		}
	}
	a.kinds[kind]++
	if len(e.Decision.Change.Files) > 0 {
		a.kinds["promote of files"]++
	}
	complain := func(format string, args ...any) {
		a.wrong = append(a.wrong, fmt.Sprintf("#%d %s in %s: ", e.Seq, kind, stage)+fmt.Sprintf(format, args...))
	}
	for path, version := range files {
		switch {
		case path == "local.yaml", kind == "break-glass", weak:
		case kind == "promote" && p.Provenance == schema.ByFile && a.last(stage)[path] == version: // it was here already
		case kind == "rollback" && !a.had(stage, path, version, false):
			complain("%s=%d was never here", path, version)
		case kind == "tune" && a.last(stage)[path] != version:
			complain("%s=%d is not what was here", path, version)
		case kind == "override":
			complain("it was let in without anybody who broke the glass")
		case (kind == "promote" || kind == "retire") && !slices.ContainsFunc(p.Edges, func(from schema.Edge) bool {
			return from.To == stage && a.had(from.From, path, version, true)
		}):
			complain("%s=%d was never live in a stage that leads here", path, version)
		case kind == "edit" && p.Stages[0].Name != stage:
			complain("%s=%d was written here", path, version)
		}
	}
	if kind == "retire" && slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(path string) bool { return path != "local.yaml" }) {
		complain("files stay: %v", files)
	}
	if !weak {
		a.answers(stage, files, kind)
	}
	weak = weak || kind == "tune" && len(a.of[stage]) > 0 && a.of[stage][len(a.of[stage])-1].weak
	a.of[stage] = append(a.of[stage], stay{files: maps.Clone(files), weak: weak})
}

// answers notes what an entry answers for: an edit, a tune and what broke the glass for what they change, all else for the whole.
func (a *account) answers(stage schema.StageName, files content, kind string) {
	if a.answered == nil {
		a.answered = map[fileIn]bool{}
	}
	last := a.last(stage)
	for path, version := range files {
		if whole := kind == "promote" || kind == "rollback" || kind == "retire"; whole || last[path] != version {
			a.answered[fileIn{stage, path, version}] = true
		}
	}
}

func (a *account) had(stage schema.StageName, path string, version int, live bool) bool {
	return slices.ContainsFunc(a.of[stage], func(s stay) bool {
		return s.files[path] == version && (!live || s.live && !s.weak && a.answered[fileIn{stage, path, version}])
	})
}

func (a *account) last(stage schema.StageName) content {
	if n := len(a.of[stage]); n > 0 {
		return a.of[stage][n-1].files
	}
	return nil
}
