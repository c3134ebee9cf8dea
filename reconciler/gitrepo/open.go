package gitrepo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/sluice-gitops/sluice/schema"
)

// Repo is a bare mirror of a remote, or a clone that is only read. Its methods may be called at the same time.
type Repo struct {
	dir      string // the directory with objects and refs
	head     string // the file HEAD
	mirror   bool
	readOnly bool
	origins  bool    // see [WithOrigins]
	remote   *remote // nil without network
	limits   Limits

	store   *store
	more    func(schema.Hash) (schema.ObjectKind, []byte, bool) // see [Repo.Beside]
	trees   *lru[[]TreeEntry]
	commits *lru[CommitInfo]
	digests *lru[blobDigest]
	packed  *atomic.Pointer[packed]
	whole   *atomic.Bool // packs are asked for with all that their deltas rest on
	noThin  *atomic.Bool // packs are pushed with all that their deltas rest on

	settling *settling
	ahead    *ahead
}

// Option changes how a repository is opened.
type Option func(*Repo)

// WithLimits sets other limits than [DefaultLimits].
func WithLimits(l Limits) Option { return func(r *Repo) { r.limits = l } }

// WithOrigins lets a mirror follow the branches that its remote, somebody's clone, has of its own origin as well.
func WithOrigins() Option { return func(r *Repo) { r.origins = true } }

// Open opens the bare mirror of a remote in dir, or makes an empty one. It does not use the network: [Repo.Fetch] does.
func Open(ctx context.Context, dir string, from Remote, options ...Option) (*Repo, error) {
	r := &Repo{dir: dir, head: filepath.Join(dir, "HEAD"), mirror: true, limits: DefaultLimits()}
	for _, o := range options {
		o(r)
	}
	var err error
	if r.remote, err = newRemote(from, r.limits); err != nil {
		return nil, err
	}
	if err := prepareMirror(dir); err != nil {
		return nil, fmt.Errorf("open mirror %s: %w", dir, err)
	}
	return r, r.open(ctx)
}

// OpenLocal opens somebody's clone for reading: a bare repository, a directory with .git, or a linked work tree. Files
// of a work tree are never looked at.
func OpenLocal(dir string, options ...Option) (*Repo, error) {
	gitDir, err := findGitDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	r := &Repo{dir: gitDir, head: filepath.Join(gitDir, "HEAD"), readOnly: true, limits: DefaultLimits()}
	for _, o := range options {
		o(r)
	}
	if text, err := os.ReadFile(filepath.Join(gitDir, "commondir")); err == nil {
		r.dir = resolve(gitDir, strings.TrimSpace(string(text)))
	}
	return r, r.open(context.Background())
}

func (r *Repo) open(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkFormat(filepath.Join(r.dir, "config")); err != nil {
		return fmt.Errorf("open %s: %w", r.dir, err)
	}
	r.packed, r.whole, r.noThin, r.settling, r.ahead = new(atomic.Pointer[packed]), new(atomic.Bool), new(atomic.Bool), &settling{}, &ahead{}
	var err error
	if r.store, err = openStore(filepath.Join(r.dir, "objects"), r.limits); err != nil {
		return fmt.Errorf("open %s: %w", r.dir, err)
	}
	r.trees = newLRU[[]TreeEntry](r.limits.TreeCache)
	r.commits = newLRU[CommitInfo](r.limits.CommitCache)
	r.digests = newLRU[blobDigest](int64(r.limits.Digests))
	return nil
}

// Close lets go of files and connections, when all that was fetched and pushed is on the disk. The repository is not used
// after it.
func (r *Repo) Close() error {
	err := r.settle(context.Background())
	r.ahead.drop()
	r.store.close()
	if r.remote != nil {
		r.remote.close()
	}
	return err
}

// Dir returns the git directory, for messages.
func (r *Repo) Dir() string { return r.dir }

// findGitDir follows what git puts into a work tree: .git is a directory, or a file that names one.
func findGitDir(dir string) (string, error) {
	dotGit := filepath.Join(dir, ".git")
	info, err := os.Stat(dotGit)
	switch {
	case err == nil && info.IsDir():
		return dotGit, nil
	case err == nil:
		text, err := os.ReadFile(dotGit)
		if err != nil {
			return "", err
		}
		to, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
		if !ok {
			return "", fmt.Errorf(".git is neither a directory nor names one: %w", ErrUsage)
		}
		return resolve(dir, to), nil
	}
	if _, err := os.Stat(filepath.Join(dir, "objects")); err == nil {
		return dir, nil
	}
	return "", fmt.Errorf("not a Git repository: %w", ErrUsage)
}

func resolve(base, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}

// checkFormat refuses repositories that store what we would read wrongly.
func checkFormat(config string) error {
	text, err := os.ReadFile(config)
	if notExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	section := ""
	for _, line := range strings.Split(strings.ToLower(string(text)), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]\" ")
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.Trim(strings.TrimSpace(value), `"`)
		switch {
		case section != "extensions":
		case key == "objectformat" && value != "sha1":
			return fmt.Errorf("object ids are %s, sluice reads sha1 [object-format]: %w", value, ErrObjectFormat)
		case key == "refstorage" && value != "files":
			return fmt.Errorf("refs are stored as %s, sluice reads files: %w", value, ErrObjectFormat)
		}
	}
	return nil
}

const mirrorConfig = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[gc]\n\tauto = 0\n"

// prepareMirror makes an empty bare repository, and refuses a directory that holds something else.
func prepareMirror(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil && !notExist(err) {
		return err
	}
	isRepository := false
	for _, f := range files {
		if f.Name() == ".git" {
			return fmt.Errorf("is a work tree; name a directory for the mirror alone: %w", ErrUsage)
		}
		isRepository = isRepository || f.Name() == "objects"
	}
	if len(files) > 0 && !isRepository {
		return fmt.Errorf("is not empty and no repository; name a directory for the mirror alone: %w", ErrUsage)
	}
	for _, name := range []string{"objects/pack", "objects/info", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name)), 0o777); err != nil {
			return onDisk(err)
		}
	}
	for name, text := range map[string]string{"config": mirrorConfig, "HEAD": "ref: refs/heads/main\n"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := replaceFile(path, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// set moves refs of the mirror, all at once; a zero hash removes one. The caller holds the lock.
func (r *Repo) set(change map[string]schema.Hash) error {
	refs, err := r.diskRefs()
	if err != nil {
		return err
	}
	for name, id := range change {
		if err := CheckRef(name); err != nil {
			return err
		}
		refs[name] = id
		if id.IsZero() {
			delete(refs, name)
		}
	}
	return writePackedRefs(r.dir, refs)
}
