package stories_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/file"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// TestMain lets git sign with this very binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-Y" {
		os.Exit(signing.GitSSHProgram(os.Args[1:], os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// clock is the time of a story, shared by the forge, the people and the reconciler.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// stageWords are the short names of stages in stories.
var stageWords = map[string]schema.StageName{"dev": "development", "test": "testing", "stg": "staging", "gray": "gray", "prod": "production"}

// stageNamed returns the stage of a short name; a stage that a story adds has none.
func stageNamed(word string) schema.StageName {
	if name, ok := stageWords[word]; ok {
		return name
	}
	return schema.StageName(word)
}

func shortStage(s schema.StageName) string {
	for word, name := range stageWords {
		if name == s {
			return word
		}
	}
	return string(s)
}

// gatesP0 are the default gates of the stories.
const gatesP0 = `version: 1
layout: %s
targets:
%s
stages:
  - name: development
    gates: {promote: []}
  - name: testing
    gates: {promote: []}
  - name: staging
    gates: {promote: [{approvals: 1}], rollback: [{approvals: 1}]}
  - name: gray
    gates: {promote: [{approvals: 1}, {soak: 24h}], rollback: [{approvals: 1}]}
  - name: production
    gates: {promote: [{approvals: {observed: 2, signed: 1}}, {soak: 1h}], rollback: [{approvals: 1}], retire: [{approvals: 2}]}
stage_local: [local.yaml]
`

// world is one story's forge, people, repository, targets and reconciler: all real but the forge.
type world struct {
	patience time.Duration // zero: the default
	log      slog.Handler  // nil: nobody reads it
	pushed   func()        // is told of each push
	t        *testing.T
	ctx      context.Context
	dir      string
	layout   schema.Layout
	clock    *clock
	forge    *gitlabtest.Server
	team     *team.Team
	targets  map[string]*faulty
	r        *reconciler.Reconciler
	close    []func()
	seen     int64                      // entries told so far
	names    map[schema.Revision]string // of revisions
	labels   map[string]schema.Hash
	heads    map[int]string // merge request → branch
	forged   map[int64]forgery
	invented map[int64][]schema.Approval
	reports  map[schema.Cell][]schema.Consumer
	asked    []byte // statement of the request made last

	without   []string      // stages without a branch at first
	skew      time.Duration // of the reconciler's clock
	logKeys   []string      // files of the log key and of the next one
	tips      map[string]schema.Hash
	witnesses []*witnessServer
	robot     bool
	gitDown   bool
	// guardsEvery is how often the guard rails are looked at for people; stories do not.
	guardsEvery time.Duration
	readOnly    bool
	onePush     bool // readOnly after the next push
	loseAnswer  bool // of the next push

	own        []string // stages, in place of the default ones
	notes      bool
	forgeSigns atomic.Bool // the commits that the forge makes
}

var people = []string{"ann", "eve", "bob", "carol", "dan", "rita", "rolf"}

func newWorld(t *testing.T, layout schema.Layout, s story) *world {
	w := &world{
		own: s.stages, notes: s.notes, t: t, ctx: t.Context(), dir: t.TempDir(), layout: layout, guardsEvery: -1, clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)},
		targets: map[string]*faulty{}, names: map[schema.Revision]string{schema.None: "none"}, labels: map[string]schema.Hash{}, heads: map[int]string{}, forged: map[int64]forgery{}, invented: map[int64][]schema.Approval{}, reports: map[schema.Cell][]schema.Consumer{}, tips: map[string]schema.Hash{},
	}
	sign, forgeKey, err := w.forgeSigner()
	if err != nil {
		t.Fatal(err)
	}
	if w.forge, err = gitlabtest.New(filepath.Join(w.dir, "forge"), gitlabtest.Options{Clock: w.clock.Now, SignCommit: sign}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.forge.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.forge.Close() })
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var members []team.Member
	for i, name := range people {
		m := team.Member{Name: name, Level: gitlabtest.Maintainer}
		switch {
		case i == 0:
			m.Roles = []schema.Role{{Name: schema.RoleRoot}, {Name: schema.RoleAdmin}, {Name: schema.RoleAuthor}}
		case name == "eve":
			m.Roles = []schema.Role{{Name: schema.RoleAuthor}}
		case name == "rita":
			m.Roles = []schema.Role{{Name: schema.RoleRelease}}
		case name == "rolf":
			m.Roles = []schema.Role{{Name: schema.RoleRelease}, {Name: schema.RoleRoot}}
		}
		for _, word := range w.stages() {
			if word == "dev" || word == "test" || strings.HasPrefix(name, "r") {
				continue // nobody is asked there; release managers approve nothing
			}
			m.Roles = append(m.Roles, schema.Role{Name: schema.RoleApprover, Stage: stageNamed(word)})
		}
		members = append(members, m)
	}
	members = append(members, team.Member{Name: "reconciler", Level: gitlabtest.Maintainer, Unknown: true})
	lines := ""
	for _, name := range s.targets {
		settings := "{}"
		if s.drift != "" {
			settings = "{drift: " + s.drift + "}"
		}
		lines += "  " + name + ": " + settings + "\n"
	}
	project := fmt.Sprintf(gatesP0, layout, strings.TrimRight(lines, "\n"))
	if len(s.stages) > 0 {
		project = ownStages(project, s.stages)
	}
	for _, word := range s.merges {
		name := "  - name: " + string(stageNamed(word)) + "\n"
		project = strings.Replace(project, name, name+"    merge: auto\n", 1)
	}
	if s.depth != "" {
		project += "apps: {depth: " + s.depth + "}\n"
	}
	w.team, err = team.New(w.ctx, team.Config{
		Server: w.forge, Dir: w.dir, Project: "acme/config", Program: program, Now: w.clock.Now, Method: s.method, Layout: layout,
		ForgeKey: forgeKey, NextLogKey: s.nextLogKey, Witnesses: w.startWitnesses(s.witnesses), Direct: true,
	}, []byte(project), members...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range s.targets {
		w.addTarget(name)
	}
	w.robot = s.robot
	w.logKeys = []string{w.team.LogKey()}
	w.start()
	t.Cleanup(w.stop)
	return w
}

func (w *world) addTarget(name string) {
	dir := filepath.Join(w.dir, "targets", name)
	w.must(os.MkdirAll(dir, 0o755))
	w.targets[name] = &faulty{name: name, dir: dir, reports: w.reported}
}

// start makes a reconciler as a new process would find the world.
func (w *world) start() {
	token := filepath.Join(w.dir, "reconciler", "token")
	w.must(os.WriteFile(token, []byte(w.team.Person("reconciler").Token()), 0o600))
	state := filepath.Join(w.dir, "state")
	repo, err := gitrepo.Open(w.ctx, filepath.Join(state, "mirror"), gitrepo.Remote{URL: w.forge.CloneURL("acme/config", ""), Username: "reconciler", TokenFile: token})
	w.must(err)
	w.close = append(w.close, func() { repo.Close() })
	forge, err := gitlab.New(gitlab.Config{
		URL: w.forge.URL(), Project: "acme/config", TokenFile: token, Now: w.clock.Now, Tries: 1, RequestsPerSecond: 1000,
		Pause: func(context.Context, time.Duration) error { return nil },
	})
	w.must(err)
	w.close = append(w.close, func() { forge.Close() })
	keys := w.loadLogKeys()
	targets := map[string]integrations.Target{}
	for name, t := range w.targets {
		spec := integrations.Spec{Name: name, Kind: "file", Settings: map[string]string{"directory": t.dir}, Now: w.clock.Now, Keys: keys.heads}
		if t.endpoint != "" {
			spec.Kind, spec.Settings = "etcd", map[string]string{"endpoints": t.endpoint}
			t.Target, err = etcd.New(spec)
		} else {
			t.Target, err = file.New(spec)
		}
		w.must(err)
		targets[name] = t
	}
	cfg := reconciler.Config{
		Name: "acme/config", Repository: &flaky{Mirror: gitrepo.Mirror{Repo: repo, Pushes: true}, w: w}, Forge: lyingForge{forge, w.forged, w.invented}, Guards: forge, GuardsEvery: w.guardsEvery, Statuses: forge, Targets: targets, Anchor: w.team.Anchor(),
		Announcer: w.announcer(forge), Page: "https://sluice.example.com/",
		LogKey: keys.log, NextLogKey: keys.next, HeadKeys: keys.heads, Witnesses: w.askedWitnesses(),
		StateDir: state, Now: func() time.Time { return w.clock.Now().Add(w.skew) }, Interval: time.Minute, CompareEvery: time.Nanosecond, Patience: w.patience,
	}
	if w.robot {
		cfg.BotKey, cfg.Proposer, cfg.Merger = w.botKey(), forge, forge
		cfg.Log = slog.New(slog.NewTextHandler(testLog{w.t}, nil))
	}
	if w.log != nil {
		cfg.Log = slog.New(w.log)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Log = slog.New(eachKeyOnce{cfg.Log.Handler(), w.t})
	w.r, err = reconciler.New(cfg)
	w.must(err)
}

func (w *world) stop() {
	for _, f := range slices.Backward(w.close) {
		f()
	}
	w.close = nil
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// branch is where a stage lies; path is an app's directory there.
func (w *world) branch(stage string) string {
	if w.layout == schema.BranchLayout && stage != "main" {
		return "stage/" + string(stageNamed(stage))
	}
	return "main"
}

func (w *world) path(stage, app string) string {
	if w.layout == schema.BranchLayout {
		return app
	}
	return "stages/" + string(stageNamed(stage)) + "/" + app
}

// files are what a revision's name stands for: "r2", "r2+l1" with a stage-local file, "l1" that file alone, "r2+x1" with limits
// that a story may turn stage-local.
func (w *world) files(rev string) map[string]string {
	out := map[string]string{}
	for _, part := range strings.Split(rev, "+") {
		if strings.HasPrefix(part, "l") {
			out["local.yaml"] = "local: " + part + "\n"
			continue
		}
		if strings.HasPrefix(part, "x") {
			out["limits.yaml"] = "limit: " + part + "\n"
			continue
		}
		out["app.yaml"] = "revision: " + part + "\n"
	}
	var list []schema.File
	for name, data := range out {
		list = append(list, schema.File{Path: name, Mode: schema.Regular, Digest: schema.DigestOf([]byte(data))})
	}
	m, err := schema.NewManifest(list)
	w.must(err)
	for _, patterns := range [][]string{{"local.yaml"}, {"local.yaml", "limits.yaml"}} {
		local, err := schema.ParsePatterns(patterns)
		w.must(err)
		if r := m.Revision(local); r != schema.None {
			w.names[r] = strings.Split(rev, "+")[0]
		}
	}
	return out
}

func (w *world) revision(r schema.Revision) string {
	if name, ok := w.names[r]; ok {
		return name
	}
	if strings.HasPrefix(string(r), "invalid:") {
		return "invalid"
	}
	return "other"
}

// live lists what a reader of a target finds: cell and revision.
func (w *world) live(name string) string {
	var out []string
	dir := w.targets[name].dir
	for _, word := range w.shownStages() {
		stage := filepath.Join(dir, string(stageNamed(word)))
		apps, _ := filepath.Glob(filepath.Join(stage, "*", "current"))
		deeper, _ := filepath.Glob(filepath.Join(stage, "*", "*", "current"))
		apps = append(apps, deeper...)
		slices.Sort(apps)
		for _, current := range apps {
			app, _ := filepath.Rel(stage, filepath.Dir(current))
			if files := liveFiles(current); files != "" { // an app that left has an empty place
				out = append(out, fmt.Sprintf("%s/%s=%s", word, app, files))
			}
		}
	}
	return strings.Join(out, " ")
}

func (w *world) allTargets() []string { return slices.Sorted(maps.Keys(w.targets)) }

// openLedger reads the ledger as a clone would.
func (w *world) openLedger() (*reconciler.Clone, *gitrepo.Repo) {
	repo, err := gitrepo.OpenLocal(w.forge.RepoDir("acme/config"))
	w.must(err)
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	tip := refs["refs/heads/sluice/ledger"]
	if tip.IsZero() {
		repo.Close()
		return nil, nil
	}
	clone, err := reconciler.OpenClone(w.ctx, repo, tip, w.team.Anchor())
	w.must(err)
	return clone, repo
}

// news tells the entries since the last time.
func (w *world) news() []string {
	clone, repo := w.openLedger()
	if clone == nil {
		return nil
	}
	defer repo.Close()
	var out []string
	for e, err := range clone.Ledger.Entries(w.ctx, w.seen+1) {
		w.must(err)
		w.seen = e.Seq
		out = append(out, w.tell(e))
	}
	return out
}

func (w *world) tell(e ledger.Entry) string {
	line := fmt.Sprintf("#%d %s", e.Seq, e.Kind)
	switch {
	case e.Kind == ledger.Control:
		line += fmt.Sprintf(" trust %d", e.Seal.Trust)
	case e.App == schema.Control.App && e.Stage == "":
		line += " control"
	case e.App != "":
		line += fmt.Sprintf(" %s/%s", shortStage(e.Stage), e.App)
	}
	if d := e.Decision; d != nil {
		if e.Stage != "" {
			line += fmt.Sprintf(" %s %s->%s", d.Change.Kind, w.revision(d.Change.From.Revision), w.revision(d.Change.To.Revision))
			if d.Change.Tune && d.Change.Kind != schema.Tune {
				line += " and tune"
			}
		}
		if d.MergeRequest != nil {
			line += fmt.Sprintf(" !%d", d.MergeRequest.IID)
		}
		if d.Landing.Method != "" && e.Stage != "" {
			line += " " + string(d.Landing.Method)
		}
		for _, c := range d.Counted {
			if line += " approved:" + c.Principal; c.Level == "signed" {
				line += "(signed)"
			}
		}
		if d.Mode != "" {
			line += " mode:" + string(d.Mode)
		}
		for _, m := range d.Verdict.Missing() {
			line += " [" + string(m.Code) + "]"
		}
		if d.Verdict.Earliest != nil {
			line += " earliest " + d.Verdict.Earliest.Format("Mon 15:04")
		}
	}
	if step := e.Step; step != nil {
		share := "all"
		if step.Rule != nil {
			share = schema.PercentText(step.Rule.Permyriad)
		}
		line += fmt.Sprintf(" #%d for %s", step.Admission, share)
	}
	if o := e.Order; o != nil {
		for _, r := range w.names {
			if o.Revision != "" && w.names[o.Revision] == r {
				line += " " + r
				break
			}
		}
		if len(o.By) > 0 {
			line += " by:" + strings.Join(o.By, ",")
		}
		if o.Until != nil {
			line += " until " + o.Until.Format("Mon 15:04")
		}
	}
	if e.Ref != "" && e.Code == ledger.Accepted {
		line += " ref"
	}
	if d := e.Delivery; d != nil {
		line = strings.TrimSpace(line + " " + d.Target + " " + d.Result)
		for _, k := range d.Keys {
			line += " " + k.Op
		}
	}
	if e.Code != "" {
		line += " [" + string(e.Code) + "]"
	}
	if e.ObservedAt != nil {
		line += " observed " + e.ObservedAt.Format("Mon 15:04")
	}
	return line
}
