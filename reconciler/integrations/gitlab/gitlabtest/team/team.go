// Package team plays the people of a project on the GitLab stand-in: each has an account, a signing key and a clone, and
// works with the real git. The demo and the end-to-end tests tell their stories with it.
package team

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// Config says where a team works.
type Config struct {
	Server  *gitlabtest.Server // started
	Dir     string             // for keys and clones
	Project string             // path at the forge, "acme/config"
	Layout  schema.Layout
	// Program is what git calls in place of ssh-keygen: the sluice binary, or a test that stands in for it.
	Program string
	// Now dates commits; time.Now by default.
	Now func() time.Time
	// ForgeKey is the public key that the forge signs with, for the trust directory; empty for a forge that does not sign.
	ForgeKey []byte
	// Method is the forge's merge method: merge by default, rebase_merge or ff.
	Method string
	// LogKey is the private key that the ledger is signed with, where several teams share a reconciler; one is made by default.
	LogKey []byte
	// NextLogKey makes a second log key, which the trust names beside the first.
	NextLogKey bool
	// Direct lets people do what is plain without a git of theirs and without HTTP; see direct.go.
	Direct bool
	// Witnesses watch the ledger from outside; the trust names them.
	Witnesses schema.Witnesses
}

// Team is the people of one project.
type Team struct {
	cfg     Config
	people  []*Person
	trust   schema.Trust
	project schema.Project
	made    map[schema.Hash]schema.Hash // commits written by Direct, each with its parent
	looks   bool                        // people take a moment before they approve
}

// Person has an account, a key and a clone. What Person does as a person goes through git and the forge.
type Person struct {
	team *Team
	name string
	dir  string // clone
	key  string // private key file
	user gitlabtest.User

	byHand bool // changed the clone's settings, which Direct does not know
}

// Member says who joins a team.
type Member struct {
	Name  string
	Roles []schema.Role
	Level gitlabtest.AccessLevel // Developer by default
	Bot   bool
	// More are further public keys, beside the one that is made.
	More []schema.PublicKey
	// Unknown has an account at the forge and no place in the trust directory.
	Unknown bool
}

// New makes the project at the forge with its people, their keys, and a first commit with control files. sluiceYAML is
// the project file. The first member is who commits it.
func New(ctx context.Context, cfg Config, sluiceYAML []byte, members ...Member) (*Team, error) {
	t := &Team{made: map[schema.Hash]schema.Hash{}, looks: cfg.Now == nil}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	t.cfg = cfg
	project, found := schema.LoadProject("sluice.yaml", sluiceYAML)
	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("team: %w", err)
	}
	t.project = project
	levels := map[string]gitlabtest.AccessLevel{}
	for _, m := range members {
		if err := t.join(m, levels); err != nil {
			return nil, fmt.Errorf("team: %s: %w", m.Name, err)
		}
	}
	_, err := cfg.Server.AddProject(gitlabtest.Project{
		Path: cfg.Project, Members: levels, MergeMethod: cfg.Method, Protected: []gitlabtest.ProtectedBranch{},
	})
	if err != nil {
		return nil, fmt.Errorf("team: %w", err)
	}
	return t, t.found(ctx, sluiceYAML, len(members))
}

func (t *Team) join(m Member, levels map[string]gitlabtest.AccessLevel) error {
	user, err := t.cfg.Server.AddUser(gitlabtest.User{Username: m.Name, Name: titled(m.Name), Bot: m.Bot})
	if err != nil {
		return err
	}
	if levels[m.Name] = m.Level; m.Level == 0 {
		levels[m.Name] = gitlabtest.Developer
	}
	private, public, err := signing.GenerateEd25519()
	if err != nil {
		return err
	}
	p := &Person{team: t, name: m.Name, user: user, dir: filepath.Join(t.cfg.Dir, "clones", m.Name), key: filepath.Join(t.cfg.Dir, "keys", m.Name)}
	if err := writeFile(p.key, private, 0o600); err != nil {
		return err
	}
	if err := writeFile(p.key+".pub", public, 0o644); err != nil {
		return err
	}
	t.people = append(t.people, p)
	if m.Unknown {
		return nil
	}
	host, err := t.Host()
	if err != nil {
		return err
	}
	t.trust.Principals = append(t.trust.Principals, schema.Principal{
		ID: m.Name, Name: user.Name, Roles: m.Roles, Emails: []string{user.Email},
		Forge: []schema.ForgeAccount{{Host: host, UserID: int64(user.ID)}},
	})
	t.trust.Keys = append(t.trust.Keys, schema.Key{Principal: m.Name, Path: "keys/" + m.Name + "/signing.pub", Format: schema.SSHKey, Data: public})
	for n, key := range m.More {
		end := map[schema.KeyFormat]string{schema.SSHKey: "pub", schema.OpenPGPKey: "asc"}[key.Format]
		t.trust.Keys = append(t.trust.Keys, schema.Key{
			Principal: m.Name, Path: fmt.Sprintf("keys/%s/more%d.%s", m.Name, n, end), Format: key.Format, Data: key.Data,
		})
	}
	return nil
}

// found writes the control files, with the reconciler's keys, and pushes the first commit.
func (t *Team) found(ctx context.Context, sluiceYAML []byte, people int) error {
	log, bot, err := t.reconcilerKeys()
	if err != nil {
		return err
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	t.trust.Principals = append(t.trust.Principals, schema.Principal{ID: schema.BotID, Name: "sluice", Roles: []schema.Role{{Name: schema.RoleBot}}})
	t.trust.Keys = append(t.trust.Keys, schema.Key{Principal: schema.BotID, Path: "keys/" + schema.BotID + "/bot.pub", Format: schema.SSHKey, Data: bot})
	if len(t.cfg.ForgeKey) > 0 {
		t.trust.ForgeKeys = []schema.Key{{Path: "forge/web-commits.pub", Format: schema.SSHKey, Data: t.cfg.ForgeKey}}
	}
	created := t.cfg.Now().UTC().Truncate(time.Second)
	t.trust.Root = schema.Root{
		Version: 1, Project: hex.EncodeToString(id), CreatedAt: created, ExpiresAt: created.AddDate(1, 0, 0),
		Threshold: 1, Admin: 1, Roots: t.roots(), LogKeys: []string{strings.TrimSpace(string(log))},
		Witnesses: t.cfg.Witnesses,
	}
	if t.cfg.NextLogKey {
		next, err := t.reconcilerKey("next")
		if err != nil {
			return err
		}
		t.trust.Root.LogKeys = append(t.trust.Root.LogKeys, strings.TrimSpace(string(next)))
	}
	files := map[string]string{"sluice.yaml": string(sluiceYAML)}
	for path, data := range t.trust.Files() {
		files[schema.TrustDir+"/"+path] = string(data)
	}
	if t.trust, err = loaded(t.trust); err != nil {
		return err
	}
	first := t.people[0]
	if err := first.begin(ctx); err != nil {
		return err
	}
	if _, err := first.Commit(ctx, Commit{Branch: "main", Orphan: true, Files: files, Message: "config: start with sluice"}); err != nil {
		return err
	}
	return first.Push(ctx, "main")
}

// roots are the members with that role, else the first one.
func (t *Team) roots() []string {
	var out []string
	for _, p := range t.trust.Principals {
		if p.Has(schema.RoleRoot, schema.Control) {
			out = append(out, p.ID)
		}
	}
	if len(out) == 0 {
		out = []string{t.people[0].name}
	}
	return out
}

func loaded(t schema.Trust) (schema.Trust, error) {
	trust, found := schema.LoadTrust(t.Files())
	return trust, found.Err()
}

func (t *Team) reconcilerKeys() (log, bot []byte, err error) {
	if log, err = t.reconcilerKey("log"); err == nil {
		bot, err = t.reconcilerKey("bot")
	}
	return log, bot, err
}

// reconcilerKey makes a key of the reconciler's and returns its public half.
func (t *Team) reconcilerKey(name string) ([]byte, error) {
	private, public, err := signing.GenerateEd25519()
	if err != nil {
		return nil, err
	}
	if name == "log" && len(t.cfg.LogKey) > 0 {
		signer, err := signing.NewSSHSigner(t.cfg.LogKey)
		if err != nil {
			return nil, err
		}
		private, public = t.cfg.LogKey, []byte(signer.PublicKey()+"\n")
	}
	return public, writeFile(filepath.Join(t.cfg.Dir, "reconciler", name), private, 0o600)
}

// Host is the forge as the trust directory names it.
func (t *Team) Host() (string, error) {
	u, err := url.Parse(t.cfg.Server.URL())
	if err != nil {
		return "", err
	}
	return u.Host, nil
}

// LogKey is the file of the reconciler's log key.
func (t *Team) LogKey() string { return filepath.Join(t.cfg.Dir, "reconciler", "log") }

// NextLogKey is the file of the log key that is to replace it, if there is one.
func (t *Team) NextLogKey() string { return filepath.Join(t.cfg.Dir, "reconciler", "next") }

// Anchor is what an operator is told: the digest of trust version 1.
func (t *Team) Anchor() schema.Digest { return t.trust.RootDigest }

// Root is the first trust root, which the project's id is in.
func (t *Team) Root() schema.Root { return t.trust.Root }

// Project is the project file that the team began with.
func (t *Team) Project() schema.Project { return t.project }

// Path is the project's path at the forge.
func (t *Team) Path() string { return t.cfg.Project }

// Person returns a member; an unknown name is a mistake in the story and panics.
func (t *Team) Person(name string) *Person {
	for _, p := range t.people {
		if p.name == name {
			return p
		}
	}
	panic("team: nobody is called " + name)
}

func titled(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func writeFile(name string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, data, mode)
}

// run is the person's git, with nothing of this machine's settings.
func (p *Person) run(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", p.dir}, args...)...)
	at := p.team.cfg.Now().UTC().Format(time.RFC3339)
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "HOME="+p.team.cfg.Dir,
		"GIT_AUTHOR_DATE="+at, "GIT_COMMITTER_DATE="+at, "LC_ALL=C",
	)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", errors.Join(fmt.Errorf("%s: git %s: %w", p.name, strings.Join(args, " "), err), errors.New(strings.TrimSpace(errs.String())))
	}
	return strings.TrimSpace(out.String()), nil
}
