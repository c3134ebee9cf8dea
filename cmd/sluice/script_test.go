package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/ci/runner"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "rewrite the outputs that scripts compare with")

// TestMain lets the test binary be sluice, also when git calls it to sign.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice": main, "runner": func() {
		os.Exit(runner.Main(context.Background(), os.Getenv("TEMPLATES"), os.Args[1:], os.Stdout))
	}})
}

// story is the project that scripts clone: sealed, payments live in three stages, held in staging.
var story = sync.OnceValues(func() (*project, error) {
	dir, err := os.MkdirTemp("", "sluice-story-")
	if err != nil {
		return nil, err
	}
	p, err := tellStory(context.Background(), dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, nil
})

func tellStory(ctx context.Context, dir string) (*project, error) {
	program, err := exec.LookPath("sluice") // testscript.Main put it there
	if err != nil {
		return nil, err
	}
	p, err := newProject(ctx, dir, program, fmt.Sprintf(sixLines, "directory")+"apps: {about: [{match: '*', owner: team-core, labels: {tier: '1'}}]}\n")
	if err != nil {
		return nil, err
	}
	live := filepath.Join(dir, "live")
	if err := os.Mkdir(live, 0o755); err != nil {
		return nil, err
	}
	operator, err := p.operatorFile("state", "directory: {kind: file, directory: "+live+"}")
	if err != nil {
		return nil, err
	}
	pass := func(want int) error {
		if code, out, errs := call(ctx, os.Getenv, "run", "--once", "--config", operator); code != want {
			return fmt.Errorf("run --once: exit %d, want %d\n%s%s", code, want, out, errs)
		}
		return nil
	}
	clone := p.team.Person("ann").Dir()
	if err := p.team.Person("ann").Fetch(ctx); err != nil {
		return nil, err
	}
	if code, out, errs := call(ctx, os.Getenv, "-C", clone, "init", "--seal"); code != exitDone {
		return nil, fmt.Errorf("init --seal: exit %d\n%s%s", code, out, errs)
	}
	for _, step := range []struct {
		stage     string
		commits   []team.Commit
		approvers []string
		exit      int
	}{
		{"development", limit(5000), nil, exitDone},
		{"testing", limit(5000), nil, exitDone},
		{"staging", limit(5000), []string{"bob"}, exitDone},
		{"development", limit(8000), nil, exitDone},
		{"testing", limit(8000), nil, exitDone},
		{"staging", unsigned(limit(8000)), []string{"ann"}, exitNo},
	} {
		if _, err := p.bring(ctx, step.stage, step.commits[0].Message+" in "+step.stage, step.commits, step.approvers...); err != nil {
			return nil, err
		}
		if err := pass(step.exit); err != nil {
			return nil, fmt.Errorf("%s: %w", step.stage, err)
		}
	}
	return p, nil
}

func unsigned(commits []team.Commit) []team.Commit {
	for i := range commits {
		commits[i].Unsigned = true
	}
	return commits
}

// concurrent are the scripts that start what runs for a while. The race detector is asked to watch these alone: it makes processes
// slow, the others start hundreds that ask one thing and end, and what they call is watched by the tests of its packages.
func concurrent(t *testing.T, all []string) (some []string) {
	t.Helper()
	runs := regexp.MustCompile(`(?m)^[!?]? *(exec )?sluice.* (run|web|agent|demo)\b`)
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if runs.Match(text) {
			some = append(some, name)
		}
	}
	if len(some) == 0 {
		t.Fatal("no script starts anything that runs: the detector would watch nothing")
	}
	return some
}

// TestScripts runs testdata/script: every command with what it prints and its exit code.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	if raceDetector {
		scripts = concurrent(t, scripts)
	}
	p, err := story()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(p.forge.Close(), os.RemoveAll(p.dir)); err != nil {
			t.Error(err)
		}
	})
	testscript.Run(t, testscript.Params{
		Files: scripts, UpdateScripts: *update, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error { return p.setUp(env) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ends": ends, "clone": func(ts *testscript.TestScript, _ bool, args []string) { p.clone(ts, args) }, "tamper": tamperScript,
			"matches": matches, "allow": allow, "keygen": keygen, "anchor": anchorOf, "gnupg": gnupg,
			"mirror": mirrorScript, "variable": variable, "head": headScript, "etcd": etcdScript, "etcdput": etcdPut, "etcdcopy": etcdCopy, "etcdkeys": etcdKeys,
			"own": ownProject, "forge": forgeScript, "comes": comes,
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			if name == "nonet" { // a process can be kept from every network here
				return exec.Command("unshare", "-rn", "true").Run() == nil, nil
			}
			if program, ok := strings.CutPrefix(name, "real:"); ok {
				_, err := exec.LookPath(program)
				if err != nil && !real.Required() {
					return false, nil
				}
				return true, err
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
	})
}

// setUp gives a script the story's addresses, keys, and a git of its own that signs as ann.
func (p *project) setUp(env *testscript.Env) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	env.Values[ownKey{}] = &project{}
	ann := p.team.Person("ann")
	config := filepath.Join(env.WorkDir, ".gitconfig")
	text := fmt.Sprintf(`[user]
	name = Ann
	email = ann@example.com
	signingkey = %s.pub
[gpg]
	format = ssh
[gpg "ssh"]
	program = sluice
[init]
	defaultBranch = main
[advice]
	detachedHead = false
`, ann.Key())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": config, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "HOME": env.WorkDir, "LC_ALL": "C",
		"CONFIG_URL": p.forge.CloneURL(p.team.Path(), "ann"), "ANCHOR": string(p.team.Anchor()), "TOKEN_FILE": p.token,
		"GITLAB_URL": p.forge.URL(), "REPOSITORY": p.forge.CloneURL(p.team.Path(), ""), "LOG_KEY": p.team.LogKey(), "KEY": ann.Key(), "BOB": p.team.Person("bob").Key(), "CAROL": p.team.Person("carol").Key(), "DAVE": p.team.Person("dave").Key(),
		// Scripts share the ledger: what they deliver goes where it is already, so that none of them adds an entry.
		"LIVE": filepath.Join(p.dir, "live"), "CI_DEFAULT_BRANCH": "",
		"GORACE": os.Getenv("GORACE"), "TEMPLATES": root,
		"LOG_KEYS": providertest.SourceSigner().Line(),
	} {
		env.Setenv(name, value)
	}
	return nil
}

// ends runs a program and holds its exit code against the first argument: ends 3 sluice audit verify.
func ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: ends CODE PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("run %s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("%s ends with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// matches compares a file or stdout or stderr with a golden in which … stands for anything within a line.
func matches(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: matches GOT WANT")
	}
	got := strings.Split(strings.TrimRight(ts.ReadFile(args[0]), "\n"), "\n")
	want := strings.Split(strings.TrimRight(ts.ReadFile(args[1]), "\n"), "\n")
	for i := range max(len(got), len(want)) {
		g, w := at(got, i), at(want, i)
		if !like(g, w) {
			ts.Fatalf("line %d reads\n\t%s\nwant\n\t%s\nall of it:\n%s", i+1, g, w, strings.Join(got, "\n"))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

func like(got, want string) bool {
	parts := strings.Split(want, "…")
	rest, ok := strings.CutPrefix(got, parts[0])
	if len(parts) == 1 {
		return got == want
	}
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// clone clones the story's project into config, with all branches.
func (p *project) clone(ts *testscript.TestScript, args []string) {
	dir := "config"
	if len(args) > 0 {
		dir = args[0]
	}
	ts.Check(ts.Exec("git", "clone", "-q", ts.Getenv("CONFIG_URL"), dir))
}

// anchorOf tells the digest of a first root.yaml to the commands that follow: anchor FILE
func anchorOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: anchor FILE")
	}
	ts.Setenv("SLUICE_ANCHOR", string(schema.DigestOf([]byte(ts.ReadFile(args[0])))))
}

// gnupg gives gpg a home of its own. Its agent's sockets have short paths, and it ends with the script.
func gnupg(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: gnupg")
	}
	home, err := os.MkdirTemp("", "sl")
	ts.Check(err)
	ts.Setenv("GNUPGHOME", home)
	ts.Defer(func() {
		kill := exec.Command("gpgconf", "--kill", "all")
		kill.Env = append(os.Environ(), "GNUPGHOME="+home)
		_ = kill.Run()
		_ = os.RemoveAll(home)
	})
}

// keygen makes SSH keys, NAME and NAME.pub, where there may be no ssh-keygen: keygen NAME…
func keygen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: keygen NAME…")
	}
	for _, name := range args {
		private, public, err := signing.GenerateEd25519()
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name), private, 0o600))
		ts.Check(os.WriteFile(ts.MkAbs(name)+".pub", public, 0o644))
	}
}

// allow adds a line to a file of allowed signers: allow FILE PRINCIPAL PUBLIC-KEY.
func allow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: allow FILE PRINCIPAL PUBLIC-KEY")
	}
	file, err := os.OpenFile(ts.MkAbs(args[0]), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	ts.Check(err)
	_, err = file.WriteString(args[1] + " " + ts.ReadFile(args[2]))
	ts.Check(errors.Join(err, file.Close()))
}

func tamperScript(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(tamper(context.Background(), ts.MkAbs(args[0])))
}

// mirrorScript makes a remote of the script's own, origin.git, with all that the forge has, and clones it into config. What
// scripts push there no other script sees.
func mirrorScript(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Exec("git", "clone", "-q", "--mirror", ts.Getenv("CONFIG_URL"), "origin.git"))
	ts.Check(ts.Exec("git", "clone", "-q", "origin.git", "config"))
}

// etcdScript starts a server of the script's own, which ends with it, and sets ETCD to its address.
func etcdScript(ts *testscript.TestScript, _ bool, _ []string) {
	dir, err := os.MkdirTemp(ts.Getenv("WORK"), "etcd-")
	ts.Check(err)
	server, err := etcd.StartEmbedded(dir, etcd.EmbeddedOptions{Quick: true})
	ts.Check(err)
	ts.Defer(server.Close)
	ts.Setenv("ETCD", server.Endpoint())
}

// etcdPut writes keys: etcdput KEY VALUE…, with Go's escapes in both.
func etcdPut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args)%2 != 0 {
		ts.Fatalf("usage: etcdput KEY VALUE…")
	}
	for i := range args {
		text, err := strconv.Unquote(`"` + args[i] + `"`)
		ts.Check(err)
		args[i] = text
	}
	for i := 0; i < len(args); i += 2 {
		ts.Check(etcd.Put(context.Background(), ts.Getenv("ETCD"), args[i], []byte(args[i+1])))
	}
}

// etcdCopy puts what a key holds under another one: etcdcopy FROM TO.
func etcdCopy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: etcdcopy FROM TO")
	}
	live, err := etcd.ReadKey(context.Background(), map[string]string{"endpoints": ts.Getenv("ETCD")}, args[0])
	ts.Check(err)
	if live.Value == nil {
		ts.Fatalf("there is no %s", args[0])
	}
	ts.Check(etcd.Put(context.Background(), ts.Getenv("ETCD"), args[1], live.Value))
}

// etcdKeys lists what is below a prefix, values quoted, and what of it is sluice's own: etcdkeys PREFIX FILE.
func etcdKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: etcdkeys PREFIX FILE")
	}
	found, err := etcd.ReadExisting(context.Background(), map[string]string{"endpoints": ts.Getenv("ETCD")}, args[0])
	ts.Check(err)
	var out strings.Builder
	for _, item := range found.Items {
		fmt.Fprintf(&out, "%s %q\n", item.Place, item.Value)
	}
	for _, left := range found.Left {
		fmt.Fprintf(&out, "%s is ours\n", left.Place)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(out.String()), 0o644))
}

// variable sets an environment variable to what a file holds: variable NAME FILE.
func variable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: variable NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}
