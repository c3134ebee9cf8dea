package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-gitops/sluice/schema"
)

type initFlags struct {
	seal                              bool
	layout, keys, logKey, botKey, key string
	person, remote, signWith, stage   string
	config                            string
	targets                           []string
	gitlabHost                        string
	gitlabUser                        int64
}

func (a *app) initCommand() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use: "init", Short: "Start a project in this repository", Args: cobra.NoArgs,
		Long: `init writes sluice.yaml and trust version 1 (.sluice/trust) into the checkout, for a new repository or one that holds
configuration already. You get every role but bot; add people before you rely on approvals. It asks nothing, contacts no
target, and overwrites no file.

init --seal, once these files are on the default branch, makes the genesis request: a signed tag that says what each stage
holds now. The reconciler turns it into entry 1 of the ledger. init --stage does the same for a stage that was added later and whose
place holds files already; a stage that is not sealed starts empty.`,
		Example: `  sluice init --keys ../sluice-keys
  git add -A && git commit -S -m "config: start with sluice" && git push
  sluice init --seal`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := onlyInit(c.Flags(), f); err != nil {
				return err
			}
			switch {
			case f.stage != "":
				return a.sealStage(c.Context(), f)
			case f.seal:
				return a.seal(c.Context(), f)
			}
			return a.init(c.Context(), f)
		},
	}
	flags := c.Flags()
	flags.BoolVar(&f.seal, "seal", false, "make the genesis request for what is on the default branch")
	flags.StringVar(&f.stage, "stage", "", "make the request that seals a new `STAGE` as it lies there")
	flags.StringVar(&f.layout, "layout", "", "`LAYOUT` of a repository in which no stage is recognised: directory or branch")
	f.addPeople(flags)
	flags.StringSliceVar(&f.targets, "target", nil, "`NAME` of a target; may be repeated (default etcd)")
	flags.StringVar(&f.remote, "remote", "origin", "with --seal: the `REMOTE` to push the request to")
	flags.StringVar(&f.signWith, "sign-with", "", "with --seal: the `KEY` you sign with, a file or an OpenPGP id (default git's user.signingkey)")
	flags.StringVar(&f.config, "config", "", "with --seal and --stage: the operator's `FILE`, which says of what kind each target is")
	return c
}

// onlyInit refuses, beside what asks for a seal, flags about files: those are on the default branch by then, and nothing is written.
func onlyInit(flags *pflag.FlagSet, f initFlags) error {
	if !f.seal && f.stage == "" {
		return nil
	}
	for _, name := range []string{"layout", "target", "keys", "log-key", "bot-key", "key", "person", "gitlab-host", "gitlab-user"} {
		if flags.Changed(name) {
			return usageError(fmt.Errorf("--%s is about the files that init writes: --seal and --stage ask for what is on the default branch", name))
		}
	}
	return nil
}

// addPeople adds the flags about the person who starts, and about the reconciler's keys.
func (f *initFlags) addPeople(flags *pflag.FlagSet) {
	flags.StringVar(&f.keys, "keys", "", "make the log and bot keys in `DIR`, outside the checkout")
	flags.StringVar(&f.logKey, "log-key", "", "public key `FILE` of the reconciler's log key, if it exists already")
	flags.StringVar(&f.botKey, "bot-key", "", "public key `FILE` of the reconciler's bot key, if it exists already")
	flags.StringVar(&f.key, "key", "", "your public key `FILE` (default git's user.signingkey)")
	flags.StringVar(&f.person, "person", "", "your `NAME` in the trust directory (default from git's user.email)")
	flags.StringVar(&f.gitlabHost, "gitlab-host", "", "`HOST` of your GitLab account, for approvals")
	flags.Int64Var(&f.gitlabUser, "gitlab-user", 0, "numeric `ID` of your GitLab account there")
}

// check names the flag that says what cannot be meant; found in the files that are made of them, it would be a place in a file that
// nobody wrote.
func (f initFlags) check() error {
	wrong := func(flag, value string, why error) error {
		return usageError(fmt.Errorf("%s %q: %w", flag, value, why))
	}
	if f.person != "" {
		if err := schema.CheckSegment(f.person); err != nil {
			return wrong("--person", f.person, err)
		}
	}
	for _, t := range f.targets {
		if err := schema.CheckSegment(t); err != nil {
			return wrong("--target", t, err)
		}
	}
	switch {
	case f.gitlabUser < 0:
		return usageError(fmt.Errorf("--gitlab-user %d: want the number of an account", f.gitlabUser))
	case f.gitlabUser > 0 && f.gitlabHost == "":
		return usageError(fmt.Errorf("--gitlab-user %d: at which GitLab? --gitlab-host is missing", f.gitlabUser))
	case f.gitlabUser == 0 && f.gitlabHost != "":
		return usageError(fmt.Errorf("--gitlab-host %s: which account there? --gitlab-user is missing", f.gitlabHost))
	case f.gitlabHost != "" && !schema.IsForgeHost(f.gitlabHost):
		return wrong("--gitlab-host", f.gitlabHost, errors.New("want a host like gitlab.example.com"))
	case f.keys != "" && (f.logKey != "" || f.botKey != ""):
		return usageError(errors.New("--keys makes the log and bot keys, --log-key and --bot-key name some that exist: give one or the other"))
	}
	return nil
}

func (a *app) init(ctx context.Context, f initFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.layout != "" && f.layout != string(schema.DirectoryLayout) && f.layout != string(schema.BranchLayout) {
		return usageError(fmt.Errorf("--layout %q: want directory or branch", f.layout))
	}
	root, err := a.initRoot(ctx)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, "sluice.yaml")); err == nil {
		return &failure{code: exitUsage, err: errors.New("sluice.yaml is here already: the project was started"), hint: "sluice lint checks it; sluice init --seal seals it"}
	}
	if trust, err := os.ReadFile(filepath.Join(root, trustPath(schema.RootFile))); err == nil {
		return a.initFile(ctx, f, root, trust)
	}
	options, found, err := a.initOptions(ctx, f, root)
	if err != nil {
		return err
	}
	files, err := schema.NewProject(options)
	if err != nil {
		return errors.Join(usageError(err), f.unmakeKeys())
	}
	if err := writeNew(root, files); err != nil {
		return errors.Join(err, f.unmakeKeys())
	}
	a.initDone(files, found, schema.DigestOf(files[schema.TrustDir+"/"+schema.RootFile]))
	return nil
}

// initFile writes the project file where the trust directory is there already: sluice trust init made it.
func (a *app) initFile(ctx context.Context, f initFlags, root string, trust []byte) error {
	if f.keys+f.logKey+f.botKey+f.key+f.person != "" {
		return &failure{code: exitUsage, err: fmt.Errorf("there is a trust directory already, with people and keys: %s", schema.TrustDir), hint: "sluice init without them writes the project file alone; sluice trust changes people and keys"}
	}
	o := schema.InitOptions{Layout: schema.Layout(f.layout), Targets: f.targets}
	found, err := a.initPlace(ctx, &o)
	if err != nil {
		return err
	}
	file, _, err := schema.NewProjectFile(o)
	if err != nil {
		return usageError(err)
	}
	files := map[string][]byte{schema.ProjectFile: file}
	if err := writeNew(root, files); err != nil {
		return err
	}
	a.initDone(files, found, schema.DigestOf(trust))
	return nil
}

// initRoot is the top of a checkout with a commit.
func (a *app) initRoot(ctx context.Context) (string, error) {
	root, err := a.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", &failure{code: exitUsage, err: fmt.Errorf("not in a checkout of a Git repository: %s", a.dir), hint: "git init, or clone the repository first"}
	}
	if _, err := a.git(ctx, "rev-parse", "--verify", "HEAD^{commit}"); err != nil {
		return "", &failure{code: exitUsage, err: errors.New("the repository has no commit yet"), hint: "git commit --allow-empty -m 'first commit', then run this again"}
	}
	return root, nil
}

// writeNew writes files that must not exist yet.
func writeNew(root string, files map[string][]byte) error {
	for _, path := range slices.Sorted(maps.Keys(files)) {
		name := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return usageError(fmt.Errorf("%s is here already and is not overwritten", path))
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		_, err = file.Write(files[path])
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}

func (a *app) initDone(files map[string][]byte, found schema.Detection, anchor schema.Digest) {
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintln(a.out, "wrote", path)
	}
	for _, s := range found.Stages {
		fmt.Fprintf(a.out, "stage %-12s %s\n", s.Name, schema.Printable(s.Where))
	}
	if n := len(found.Unplaced); n > 0 {
		fmt.Fprintf(a.out, "left alone: %s, for example %s\n", count(int64(n), "file or branch", "files or branches"), schema.Printable(found.Unplaced[0]))
	}
	fmt.Fprintf(a.out, "\nanchor: %s\n", anchor)
	fmt.Fprint(a.out, `        give it to whoever runs the reconciler and to auditors, outside this repository

next: read sluice.yaml, then
  git add sluice.yaml .sluice && git commit -S -m "config: start with sluice" && git push
  sluice init --seal
`)
}

func (a *app) initOptions(ctx context.Context, f initFlags, root string) (schema.InitOptions, schema.Detection, error) {
	o := schema.InitOptions{Layout: schema.Layout(f.layout), Targets: f.targets, CreatedAt: time.Now().UTC()}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return o, schema.Detection{}, err
	}
	o.ProjectID = hex.EncodeToString(id)
	found, err := a.initPlace(ctx, &o)
	if err != nil {
		return o, found, err
	}
	if err := a.initPerson(ctx, f, &o); err != nil {
		return o, found, err
	}
	return o, found, initKeys(f, root, &o)
}

// initPlace finds the stages that the repository has, and its default branch.
func (a *app) initPlace(ctx context.Context, o *schema.InitOptions) (schema.Detection, error) {
	found, err := a.detect(ctx)
	if err != nil {
		return found, err
	}
	if len(found.Stages) > 0 && o.Layout != "" && o.Layout != found.Layout {
		return found, &failure{code: exitUsage, err: fmt.Errorf("--layout %s: the stages of this repository are its %s already: %s", o.Layout, placesOf(found.Layout), whereFound(found)),
			hint: "leave out --layout, or rename what is no stage"}
	}
	if len(found.Stages) > 0 {
		o.Layout, o.AppDepth, o.Stages = found.Layout, found.AppDepth, found.Stages
	}
	if name, err := a.git(ctx, "symbolic-ref", "--short", "refs/remotes/origin/HEAD"); err == nil { // a merge request may bring the files there
		o.Branch = strings.TrimPrefix(name, "origin/")
		return found, nil
	}
	if o.Branch, err = a.git(ctx, "symbolic-ref", "--short", "HEAD"); err != nil {
		return found, &failure{code: exitUsage, err: errors.New("HEAD is on no branch"), hint: "switch to the default branch"}
	}
	return found, nil
}

func placesOf(l schema.Layout) string {
	if l == schema.BranchLayout {
		return "branches"
	}
	return "directories"
}

func whereFound(d schema.Detection) string {
	var names []string
	for _, s := range d.Stages {
		names = append(names, s.Where)
	}
	return schema.Printable(strings.Join(names, ", "))
}

func (a *app) detect(ctx context.Context) (schema.Detection, error) {
	paths, err := a.gitPaths(ctx, "ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD")
	if err != nil {
		return schema.Detection{}, err
	}
	branches, err := a.git(ctx, "for-each-ref", "--format=%(refname:strip=2)", "refs/heads")
	if err != nil {
		return schema.Detection{}, err
	}
	remote, err := a.git(ctx, "for-each-ref", "--format=%(refname:strip=3)", "refs/remotes/origin")
	if err != nil {
		return schema.Detection{}, err
	}
	names := append(strings.Fields(branches), strings.Fields(remote)...)
	slices.Sort(names)
	return schema.DetectLayout(paths, slices.Compact(names)), nil
}

func (a *app) initPerson(ctx context.Context, f initFlags, o *schema.InitOptions) error {
	name, _ := a.git(ctx, "config", "user.name")
	email, _ := a.git(ctx, "config", "user.email")
	id := f.person
	if id == "" {
		id = personID(email)
	}
	if id == "" {
		return &failure{code: exitUsage, err: errors.New("who are you? git has no user.email"), hint: "git config user.email you@example.com, or --person NAME"}
	}
	o.Person = schema.Principal{ID: id, Name: name}
	if email != "" {
		o.Person.Emails = []string{email}
	}
	if f.gitlabUser > 0 {
		o.Person.Forge = []schema.ForgeAccount{{Host: f.gitlabHost, UserID: f.gitlabUser}}
	}
	key, err := a.publicKey(ctx, f.key)
	o.Key = key
	return err
}

// personID makes a principal's id of the part of an address before the @.
func personID(email string) string {
	local, _, _ := strings.Cut(strings.ToLower(email), "@")
	var b strings.Builder
	for _, r := range local {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if b.Len() > 0 {
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
