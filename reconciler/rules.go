package reconciler

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// rules are the control files in force, as the ledger's last control entry has them; never those of the change under test
// (RULES R4).
type rules struct {
	seq     int64
	project schema.Project
	trust   schema.Trust
	keyring *signing.Keyring
	// disabled says which keys of the trust do not count, and why.
	disabled []error
	files    map[string][]byte
	gates    map[gateKey]gate
	// retirements are the retirement records, by app.
	retirements map[schema.App]schema.Retirement
	// replaced is closed when other rules came into force.
	replaced chan struct{}
}

type gateKey struct {
	stage schema.StageName
	kind  schema.Kind
}

type gate struct {
	policy   policies.Gate
	digest   schema.Digest
	guarded  bool // it asks for guard rails at the forge
	compares bool // it asks what values were
	jobs     bool // it asks for jobs on the head
	health   bool // it asks what instances run
	apps     bool // it asks how many apps change together
}

// ControlPaths are the files and directories of the control cell, at the top of the default branch (RULES R9).
var ControlPaths = []string{".gitlab-ci.yml", ".sluice", "CODEOWNERS", "sluice.yaml"}

const trustDir = ".sluice/trust/"

func (r *Reconciler) rulesInForce(ctx context.Context, l *ledger.Ledger) (*rules, error) {
	control := l.Head().Control
	if r.rules != nil && r.rules.seq == control.Seq {
		return r.rules, nil
	}
	files, err := sealedFiles(ctx, l, control.Manifest)
	if err != nil {
		return nil, fmt.Errorf("read the control files in force (entry #%d): %w", control.Seq, err)
	}
	rules, err := newRules(files)
	if err != nil {
		return nil, fmt.Errorf("control files in force (entry #%d): %w", control.Seq, err)
	}
	rules.seq = control.Seq
	for _, problem := range rules.disabled {
		r.cfg.Log.Warn("disabled a key of the trust", "error", problem)
	}
	r.rules = rules
	r.putInForce(rules)
	return rules, nil
}

// putInForce tells who watches.
func (r *Reconciler) putInForce(rules *rules) {
	if before := r.inForce.Swap(rules); before != nil {
		close(before.replaced)
	} else if r.ruled != nil { // nobody watches for who only looks
		close(r.ruled)
	}
}

func sealedFiles(ctx context.Context, l *ledger.Ledger, manifest schema.Digest) (map[string][]byte, error) {
	encoded, err := l.Evidence(ctx, manifest)
	if err != nil {
		return nil, err
	}
	m, err := schema.ParseManifest(encoded)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte, len(m))
	for _, f := range m {
		if files[f.Path], err = l.Evidence(ctx, f.Digest); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return files, nil
}

// newRules parses control files. Findings in them are an error: what does not parse is never in force.
func newRules(files map[string][]byte) (*rules, error) {
	source, ok := files["sluice.yaml"]
	if !ok {
		return nil, fmt.Errorf("sluice.yaml: the project has none")
	}
	project, found := policies.LoadProject("sluice.yaml", source)
	if err := found.Err(); err != nil {
		return nil, err
	}
	trust, found := schema.LoadTrust(below(files, trustDir))
	if err := found.Err(); err != nil {
		return nil, err
	}
	keyring, disabled := signing.NewKeyring(trust) // a bad key is disabled; the update that brought it is where it is refused
	r := &rules{project: project, trust: trust, keyring: keyring, disabled: disabled, files: files, gates: map[gateKey]gate{}, replaced: make(chan struct{})}
	for _, stage := range project.Stages {
		if err := r.compile(stage); err != nil {
			return nil, err
		}
	}
	if r.retirements, found = schema.LoadRetirements(files); len(found) > 0 {
		return nil, found.Err()
	}
	return r, nil
}

func (r *rules) compile(stage schema.Stage) error {
	digests := map[string]schema.Digest{}
	for path, data := range r.files {
		digests[path] = schema.DigestOf(data)
	}
	for _, kind := range []schema.Kind{schema.Edit, schema.Promote, schema.Tune, schema.Rollback, schema.Retire, schema.Override} {
		policy, err := policies.ForGate(stage.Gates, kind)
		if err != nil {
			return fmt.Errorf("stage %s, gate for %s: %w", stage.Name, kind, err)
		}
		specs := stage.Gates.For(kind)
		r.gates[gateKey{stage.Name, kind}] = gate{
			policy: policy, digest: specs.Digest(digests),
			guarded:  asksFor(specs, "guardrails"),
			compares: asksFor(specs, "critical") || asksFor(specs, "expression") || asksFor(specs, "breaker"),
			jobs:     asksFor(specs, "pipeline"),
			health:   asksFor(specs, "health"),
			apps:     countsApps(specs),
		}
	}
	return nil
}

// asksFor reports whether a gate asks a policy, be it inside of another.
func asksFor(specs schema.Gate, policy string) bool {
	return slices.ContainsFunc(specs.Leaves(), func(p schema.PolicySpec) bool { return p.Name == policy })
}

// countsApps reports whether a gate limits how many apps change together.
func countsApps(specs schema.Gate) bool {
	return slices.ContainsFunc(specs.Leaves(), func(p schema.PolicySpec) bool {
		limits, err := p.Limits()
		return err == nil && limits.Apps > 0
	})
}

func (r *rules) gate(stage schema.StageName, kind schema.Kind) gate {
	return r.gates[gateKey{stage, kind}]
}

// has reports whether a cell is one by the rules in force: a stage that left the project, and a directory that is no app any
// more, are neither judged nor delivered, and what they have in a target stays there (RULES R29).
func (r *rules) has(s ledger.State) bool { return hasCell(r.project, s) }

func hasCell(project schema.Project, s ledger.State) bool {
	_, ok := project.Stage(s.Stage)
	return ok && (appRule{project.Apps}).isApp(string(s.App))
}

func (r *rules) retirement(app schema.App) bool {
	_, ok := r.retirements[app]
	return ok
}

func below(files map[string][]byte, dir string) map[string][]byte {
	out := map[string][]byte{}
	for path, data := range files {
		if rest, ok := strings.CutPrefix(path, dir); ok {
			out[rest] = data
		}
	}
	return out
}

// ControlFiles reads the control cell of a commit: its manifest, with paths from the top, and the bytes.
func ControlFiles(ctx context.Context, repo Trees, tree schema.Hash) (schema.Manifest, map[string][]byte, error) {
	var all []schema.File
	for _, path := range ControlPaths {
		files, err := controlFiles(ctx, repo, tree, path)
		if err != nil {
			return nil, nil, fmt.Errorf("control files: %w", err)
		}
		all = append(all, files...)
	}
	manifest, err := schema.NewManifest(all)
	if err != nil {
		return nil, nil, fmt.Errorf("control files: %w", err)
	}
	contents := make(map[string][]byte, len(manifest))
	for _, f := range manifest {
		if contents[f.Path], err = repo.Blob(ctx, f.Blob); err != nil {
			return nil, nil, fmt.Errorf("control file %s: %w", f.Path, err)
		}
	}
	return manifest, contents, nil
}

func controlFiles(ctx context.Context, repo Trees, tree schema.Hash, path string) ([]schema.File, error) {
	entry, ok, err := repo.Lookup(ctx, tree, path)
	if err != nil || !ok {
		return nil, err
	}
	if entry.IsDir() {
		m, problems, err := repo.Files(ctx, entry.ID)
		if err != nil {
			return nil, err
		}
		if len(problems) > 0 {
			return nil, fmt.Errorf("%s/%s [%s]", path, problems[0].Path, problems[0].Code)
		}
		for i := range m {
			m[i].Path = path + "/" + m[i].Path
		}
		return m, nil
	}
	if mode := schema.Mode(entry.Mode); mode != schema.Regular && mode != schema.Executable {
		return nil, fmt.Errorf("%s [unsupported-entry]", path)
	}
	data, err := repo.Blob(ctx, entry.ID)
	if err != nil {
		return nil, err
	}
	return []schema.File{{Path: path, Mode: schema.Mode(entry.Mode), Digest: schema.DigestOf(data), Blob: entry.ID, Size: int64(len(data))}}, nil
}
