package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// InitOptions is what a new project is made from. Everything random or of the outside world is given: the result depends on
// nothing else.
type InitOptions struct {
	Layout     Layout          // directory if empty
	Branch     string          // main if empty
	AppDepth   int             // 1 if 0
	Stages     []DetectedStage // the default stages if empty
	Targets    []string        // etcd if empty
	StageLocal []string        // local.yaml if empty

	ProjectID string    // random; see [CheckProjectID]
	CreatedAt time.Time // of the trust root
	ExpiresAt time.Time // a year later if zero

	Person Principal // who starts the project; Roles are filled in: all but bot (RULES R26)
	Key    PublicKey // the person's
	LogKey string    // the reconciler's ledger key, one line of the authorized_keys form
	BotKey PublicKey // signs commits on promotion branches
}

// PublicKey is a public key as its file holds it.
type PublicKey struct {
	Format KeyFormat
	Data   []byte
	Proof  *KeyProof // for version 1; nil if the private half is not at hand
}

// BotID is the principal of the reconciler's commits in a new project.
const BotID = "sluice-bot"

// NewProject makes the control files of a new project, by path from the top of the repository: sluice.yaml and trust version 1
// for a sole person. The root's signature over root.yaml is the caller's to add ([SignatureFile]); sha256 of root.yaml is the
// project's anchor.
func NewProject(o InitOptions) (map[string][]byte, error) {
	file, p, err := NewProjectFile(o)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{ProjectFile: file}
	trust, err := NewTrust(o, p)
	if err != nil {
		return nil, fmt.Errorf("new project: %w", err)
	}
	for path, data := range trust {
		files[TrustDir+"/"+path] = data
	}
	return files, nil
}

// NewProjectFile makes sluice.yaml alone, for a repository that has a trust directory already. It needs no keys.
func NewProjectFile(o InitOptions) ([]byte, Project, error) {
	o.fill()
	file := o.projectFile()
	p, found := LoadProject(ProjectFile, file)
	if err := found.Err(); err != nil {
		return nil, p, fmt.Errorf("new project: %w", err)
	}
	return file, p, nil
}

// NewTrust makes trust version 1 alone, for a project that has its file already, by path relative to the trust directory.
func NewTrust(o InitOptions, p Project) (map[string][]byte, error) {
	o.fill()
	files := o.trust(p).Files()
	if _, found := LoadTrust(files); len(found) > 0 {
		return nil, found
	}
	return files, nil
}

func (o *InitOptions) fill() {
	if o.Layout == "" {
		o.Layout = DirectoryLayout
	}
	if o.Branch == "" {
		o.Branch = "main"
	}
	if o.AppDepth == 0 {
		o.AppDepth = 1
	}
	if o.ExpiresAt.IsZero() {
		o.ExpiresAt = o.CreatedAt.AddDate(1, 0, 0)
	}
	if len(o.Targets) == 0 {
		o.Targets = []string{"etcd"}
	}
	if len(o.StageLocal) == 0 {
		o.StageLocal = []string{"local.yaml"}
	}
}

// trust gives the person every role but bot, and the reconciler its two keys.
func (o InitOptions) trust(p Project) Trust {
	person := o.Person
	person.Roles = []Role{{Name: RoleRoot}, {Name: RoleAdmin}, {Name: RoleAuthor}}
	for _, s := range p.Stages {
		person.Roles = append(person.Roles, Role{Name: RoleApprover, Stage: s.Name})
	}
	person.Roles = append(person.Roles, Role{Name: RoleRelease})
	bot := Principal{ID: BotID, Name: "sluice", Roles: []Role{{Name: RoleBot}}}
	return Trust{
		Root: Root{
			Version: 1, Project: o.ProjectID, CreatedAt: o.CreatedAt.UTC().Truncate(time.Second), ExpiresAt: o.ExpiresAt.UTC().Truncate(time.Second),
			Threshold: 1, Admin: 1, Roots: []string{person.ID}, LogKeys: []string{strings.TrimSpace(o.LogKey)},
		},
		Principals: []Principal{person, bot},
		Keys:       []Key{o.Key.of(person.ID, "signing"), o.BotKey.of(BotID, "bot")},
	}
}

func (k PublicKey) of(person, name string) Key {
	suffix := ".pub"
	if k.Format == OpenPGPKey {
		suffix = ".asc"
	}
	return Key{Principal: person, Path: keysDir + person + "/" + name + suffix, Format: k.Format, Data: k.Data, Proof: k.Proof}
}

// projectFile writes sluice.yaml: six lines, and more only where the repository differs from the default.
func (o InitOptions) projectFile() []byte {
	var l lines
	l.put("version: 1", "")
	if o.Layout == BranchLayout {
		l.put("layout: branch", "one branch per stage, stage/<stage>/")
	} else {
		l.put("layout: directory", "one directory per stage, stages/<stage>/<app>/")
	}
	if o.Branch != "main" {
		l.put("branch: "+quote(o.Branch), "")
	}
	if o.AppDepth != 1 {
		l.put(fmt.Sprintf("apps: {depth: %d}", o.AppDepth), "an app's name has so many parts")
	}
	l.put("targets:", "where they are, the operator's reconciler.yaml says")
	for _, t := range o.Targets {
		l.put("  "+quote(t)+": {}", "")
	}
	o.stages(&l)
	l.put("stage_local: ["+strings.Join(quoteAll(o.StageLocal), ", ")+"]", "files that may differ between stages")
	l.put("# approvals: 0", "only if you work alone: else some stages need another person's approval")
	return l.Bytes()
}

func (o InitOptions) stages(l *lines) {
	if o.defaultStages() {
		l.put("stages: default", strings.Join(stageNames(DefaultStages()), " → "))
		return
	}
	l.put("stages:", "in the order in which a change passes them")
	for _, s := range o.Stages {
		l.put("  - name: "+quote(string(s.Name)), "")
		if o.Layout == BranchLayout && s.Where != "stage/"+string(s.Name) {
			l.put("    branch: "+quote(s.Where), "")
		} else if o.Layout == DirectoryLayout && s.Where != "stages/"+string(s.Name) {
			l.put("    place: "+quote(s.Where), "")
		}
	}
}

// defaultStages reports whether the stages are exactly those that "default" means.
func (o InitOptions) defaultStages() bool {
	if len(o.Stages) == 0 {
		return true
	}
	prefix := "stages/"
	if o.Layout == BranchLayout {
		prefix = "stage/"
	}
	return slices.EqualFunc(o.Stages, DefaultStages(), func(s DetectedStage, name StageName) bool {
		return s.Name == name && s.Where == prefix+string(name)
	})
}

func stageNames(names []StageName) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return out
}
