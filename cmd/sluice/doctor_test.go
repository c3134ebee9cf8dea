package main

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

// sickRoom is a project with its operator's file, to be made ill.
type sickRoom struct {
	*project
	t      *testing.T
	config string
}

func newSickRoom(t *testing.T) *sickRoom {
	t.Helper()
	p, err := newProject(t.Context(), t.TempDir(), sluiceBinary(t), "version: 1\nlayout: directory\ntargets:\n  directory: {}\nstages: default\nstage_local: [local.yaml]\n")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.forge.Close() })
	live := filepath.Join(p.dir, "live")
	r := &sickRoom{project: p, t: t}
	r.must(os.Mkdir(live, 0o755))
	r.config, err = p.operatorFile("state", "directory: {kind: file, directory: "+live+"}")
	r.must(err)
	return r
}

func (r *sickRoom) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// doctor runs it, and takes out of what it says whatever is different each time.
func (r *sickRoom) doctor(args ...string) (int, string) {
	r.t.Helper()
	code, out, errs := call(r.t.Context(), func(string) string { return "" }, append([]string{"doctor", "--config", r.config}, args...)...)
	if errs != "" {
		r.t.Errorf("standard error: %s", errs)
	}
	if strings.Contains(out, r.team.Person("reconciler").Token()) {
		r.t.Error("the token is shown")
	}
	out = strings.NewReplacer(r.dir, "DIR", r.forge.URL(), "https://gitlab.example.com", strings.TrimPrefix(r.forge.URL(), "http://"), "gitlab.example.com").Replace(out)
	for pattern, to := range map[string]string{
		`SHA256:[A-Za-z0-9+/]+`: "SHA256:KEY", `sha256:[0-9a-f]{12}`: "sha256:123456789abc", `20\d\d-\d\d-\d\d`: "2030-01-02", `in \d+ days?`: "in N days",
	} {
		out = regexp.MustCompile(pattern).ReplaceAllString(out, to)
	}
	return code, out
}

func (r *sickRoom) golden(name string, want int, args ...string) {
	r.t.Helper()
	code, out := r.doctor(args...)
	if code != want {
		r.t.Errorf("%s: exit %d, want %d:\n%s", name, code, want, out)
	}
	path := filepath.Join("testdata", "doctor", name)
	if *update {
		r.must(os.WriteFile(path, []byte(out), 0o644))
		return
	}
	have, err := os.ReadFile(path)
	r.must(err)
	if diff := cmp.Diff(string(have), out); diff != "" {
		r.t.Errorf("%s differs; if that is meant, run the test with -update and read the file (-want +got):\n%s", path, diff)
	}
}

// checks are what doctor says as JSON, by name and subject.
func (r *sickRoom) checks() (int, map[string]doctorCheck) {
	r.t.Helper()
	code, out := r.doctor("-o", "json")
	var all struct {
		Projects []struct{ Checks []doctorCheck }
	}
	r.must(json.Unmarshal([]byte(out), &all))
	found := map[string]doctorCheck{}
	for _, c := range all.Projects[0].Checks {
		found[c.title()] = c
	}
	return code, found
}

// TestDoctorChangesNothing: neither the state directory is made, nor does anything stay in the one above it.
func TestDoctorChangesNothing(t *testing.T) {
	dir := t.TempDir()
	d := &doctorDesk{op: schema.Operator{StateDir: filepath.Join(dir, "a", "b")}}
	d.stateDir()
	if len(d.checks) != 1 || d.checks[0].State != schema.GuardOK {
		t.Errorf("a directory that can be made: got %+v", d.checks)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestDoctorNamesOnlyItsFlags: run has more of them.
func TestDoctorNamesOnlyItsFlags(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	if err := os.WriteFile(empty, []byte("projects: [{repository: https://git.example.com/acme/config.git, anchor: "+string(schema.DigestOf(nil))+"}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ file, want string }{
		{filepath.Join(t.TempDir(), "none.yaml"), "hint: name it with --config\n"},
		{empty, "hint: write it into the operator's file\n"},
	} {
		code, _, errs := call(t.Context(), os.Getenv, "doctor", "--config", row.file)
		if code != exitUsage || !strings.Contains(errs, row.want) || strings.Contains(errs, "--repository") {
			t.Errorf("exit %d: %s", code, errs)
		}
	}
}

// TestDoctorGoldensSayWhatToDo: below each line that fails or is unknown, or the last of several that one advice serves.
func TestDoctorGoldensSayWhatToDo(t *testing.T) {
	goldens, err := filepath.Glob(filepath.Join("testdata", "doctor", "*.txt"))
	if err != nil || len(goldens) < 4 {
		t.Fatalf("%v, %v", goldens, err)
	}
	for _, golden := range goldens {
		text, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		open := ""
		for line := range strings.Lines(string(text)) {
			state, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case state == "fix:":
				open = ""
			case (state == "ok" || state == "") && open != "":
				t.Errorf("%s: no advice for %s", golden, open)
				open = ""
			case strings.HasPrefix(line, "  fail ") || strings.HasPrefix(line, "  unknown "):
				open = line
			}
		}
	}
}

// TestDoctorTellsStagesWithOneAnswerOnce: somebody takes connections at the endpoint and never says a word.
func TestDoctorTellsStagesWithOneAnswerOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	d := &doctorDesk{project: schema.OperatorProject{Targets: map[string]schema.TargetAddress{
		"etcd": {Kind: "etcd", Endpoints: []string{"http://" + listener.Addr().String()}, Settings: map[string]string{"timeout": "100ms"}},
	}}}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := integrations.NewLogKeys(integrations.HeadSigner{ID: "log", Key: public, Sign: func(text []byte) ([]byte, error) {
		return ed25519.Sign(private, text), nil
	}})
	d.target(t.Context(), "etcd", []delivery{{stage: "testing"}, {stage: "gray"}, {stage: "production", settings: map[string]string{"none": "x"}}}, keys)
	var got []string
	for _, c := range d.checks {
		got = append(got, string(c.State)+" "+c.Subject)
	}
	if diff := cmp.Diff([]string{"unknown etcd testing, gray", "fail etcd production"}, got); diff != "" || strings.Contains(d.checks[0].Seen, "testing") {
		t.Errorf("%s\n%+v", diff, d.checks)
	}
}

// TestDoctor examines one project from before it is sealed to one in which all is well, and then makes it ill.
func TestDoctor(t *testing.T) {
	r := newSickRoom(t)
	r.golden("pre.txt", exitNo, "--pre")
	clone := r.team.Person("ann").Dir()
	r.must(r.team.Person("ann").Fetch(t.Context()))
	if code, _, errs := call(t.Context(), os.Getenv, "-C", clone, "init", "--seal"); code != exitDone {
		t.Fatal(errs)
	}
	if code, _, errs := call(t.Context(), os.Getenv, "run", "--once", "--config", r.config); code != exitDone {
		t.Fatal(errs)
	}
	r.well()
	r.golden("well.txt", exitDone)
	for _, row := range []struct {
		sentence string
		ill      func()
		check    string
		state    schema.GuardState
		code     schema.Code
		exit     int
	}{
		{"all is well", func() {}, "fetch", "ok", "", exitDone},
		{"a warning alone", func() { r.change(func(p *gitlabtest.Project) { p.PipelineMustSucceed = false }) }, "pipeline", "warn", "pipeline-optional", exitDone},
		{"what may not be seen is not well", func() { r.forge.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 403, Body: `{}`}) }, "protected main", "unknown", "guardrail-unread", exitNo},
		{"the branch lost its rule", func() { r.must(r.forge.Unprotect(r.team.Path(), "main")) }, "protected main", "fail", "branch-unprotected", exitNo},
		{"the ledger takes no push", func() { r.protect("sluice/ledger", gitlabtest.NoAccess) }, "ledger-push sluice/ledger", "fail", "branch-push-closed", exitNo},
		{"GitLab is away", func() { r.forge.Down(true) }, "gitlab https://gitlab.example.com", "unknown", "forge-unavailable", exitNo},
		{"GitLab does not know the token", func() { r.write("gitlab", "glpat-unknown") }, "gitlab https://gitlab.example.com", "fail", "forge-unauthorized", exitNo},
		{"the token file may be read by all", func() { r.must(os.Chmod(r.token, 0o644)) }, "token_file DIR/reconciler/token", "warn", "key-file-open", exitDone},
		{"the target's directory is gone", func() { r.must(os.Rename(filepath.Join(r.dir, "live"), filepath.Join(r.dir, "away"))) }, "read directory", "unknown", "target-unavailable", exitNo},
		{"a group may see a stage that is none", func() {
			r.edit("log_key_file:", "access: {header: X-User, networks: [127.0.0.1/32], groups_header: X-Groups, visible: [{group: ops, apps: [\"**\"], stages: [stagin]}]}\nlog_key_file:")
		}, "access.visible ops", "warn", "", exitDone},
		{"a group may see a project that is none", func() {
			r.edit("log_key_file:", "access: {header: X-User, networks: [127.0.0.1/32], groups_header: X-Groups, visible: [{group: ops, apps: [\"**\"], projects: [confg]}]}\nlog_key_file:")
		}, "access.visible ops", "warn", "", exitDone},
		{"the log key is another", func() { r.edit("log_key_file: .*", "log_key_file: "+r.team.Person("ann").Key()) }, "log key", "fail", "key-unnamed", exitNo},
		{"the anchor is another", func() { r.edit("anchor: .*", "anchor: "+string(schema.DigestOf(nil))) }, "chain sluice/ledger", "fail", "anchor-mismatch", exitNo},
		{"a target that the operator does not name", func() { r.edit("directory: {kind", "other: {kind") }, "read directory", "fail", "", exitNo},
		{"a robot signs, and a rule keeps its branches shut", func() {
			r.edit("log_key_file:", "bot_key_file: "+filepath.Join(r.dir, "reconciler", "bot")+"\nlog_key_file:")
			r.protect("sluice/*", gitlabtest.NoAccess)
		}, "promotion-push sluice/promote/…", "fail", "branch-push-closed", exitNo},
		{"the robot's key is a person's", func() {
			r.edit("log_key_file:", "bot_key_file: "+r.team.Person("ann").Key()+"\nlog_key_file:")
		}, "bot key", "fail", "key-unnamed", exitNo},
		{"there is no ledger", func() { r.edit("log_key_file:", "    ledger: {branch: nowhere}\nlog_key_file:") }, "chain nowhere", "fail", "not-sealed", exitNo},
		{"the webhook's secret is empty", func() { r.webhook("secret_file: " + r.file("empty", "")) }, "webhook.secret_file DIR/empty", "fail", "", exitNo},
		{"the webhook's signing key is none", func() { r.webhook("signing_key_files: [" + r.file("signing", "secret") + "]") }, "webhook", "fail", "", exitNo},
		{"a target's password is missing", func() { r.etcd("username: u, password_file: " + filepath.Join(r.dir, "none")) }, "targets.etcd.password_file DIR/none", "fail", "", exitNo},
		{"such a target is not asked", func() { r.etcd("username: u, password_file: " + filepath.Join(r.dir, "none")) }, "read etcd", "unknown", "", exitNo},
		{"a target's certificates are none", func() { r.etcd("ca_file: " + r.file("ca", "none")) }, "targets.etcd.ca_file DIR/ca", "fail", "", exitNo},
		{"a target's setting makes no sense", func() { r.etcd("root: none") }, "read etcd", "fail", "", exitNo},
		{"a client's certificate is not its key's", func() {
			r.etcd("cert_file: " + r.file("cert", "none") + ", key_file: " + r.file("key", "none"))
		}, "targets.etcd.cert_file DIR/cert", "fail", "", exitNo},
		{"nobody answers at a target's endpoint", func() { r.etcd("root: /config") }, "read etcd", "unknown", "target-unavailable", exitNo},
		{"the repository's certificates are missing", func() { r.edit("    anchor:", "    ca_file: "+filepath.Join(r.dir, "none")+"\n    anchor:") }, "ca_file DIR/none", "fail", "", exitNo},
		{"a witness over a connection that anybody reads", func() {
			r.edit("    anchor:", "    witnesses: [{name: w, url: \"http://w.example.com\"}]\n    anchor:")
		}, "witnesses", "fail", "", exitNo},
		{"the state directory cannot be made", func() { r.edit("state_dir: .*", "state_dir: "+filepath.Join(r.token, "state")) }, "state_dir DIR/reconciler/token/state", "fail", "", exitNo},
		{"all else is examined without one", func() { r.edit("state_dir: .*", "state_dir: "+filepath.Join(r.token, "state")) }, "chain sluice/ledger", "ok", "", exitNo},
		{"the token file is missing", func() { r.must(os.Remove(r.token)) }, "token_file DIR/reconciler/token", "fail", "", exitNo},
		{"the token file is empty", func() { r.must(os.WriteFile(r.token, nil, 0o600)) }, "fetch", "fail", "", exitNo},
		{"nothing can be asked", func() { r.write("token", "glpat-unknown") }, "fetch", "fail", "repository-unauthorized", exitForbidden},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			was := r.t
			r.t = t
			defer func() { r.t = was }()
			heal := r.keep()
			defer heal()
			row.ill()
			code, found := r.checks()
			c := found[row.check]
			if code != row.exit || c.State != row.state || c.Code != row.code {
				t.Errorf("exit %d, %s: %+v; want exit %d, %s %s", code, row.check, c, row.exit, row.state, row.code)
			}
			for title, c := range found {
				if c.State != schema.GuardOK && c.Fix == "" {
					t.Errorf("%s says nothing of what to do: %+v", title, c)
				}
			}
		})
	}
	heal := r.keep()
	r.etcd("root: /config")
	r.must(os.Rename(filepath.Join(r.dir, "live"), filepath.Join(r.dir, "away")))
	r.golden("away.txt", exitNo)
	heal()
	defer heal()
	r.ill()
	r.golden("ill.txt", exitNo)
	r.brokenFiles()
	r.golden("files.txt", exitNo)
}

// well sets what doctor asks for.
func (r *sickRoom) well() {
	r.change(func(p *gitlabtest.Project) {
		p.PipelineMustSucceed, p.MergeMethod, p.SquashOption = true, "ff", "never"
	})
	r.protect("main", gitlabtest.NoAccess)
	r.protect("sluice/ledger", gitlabtest.Maintainer)
	r.must(r.forge.UpdateUser("reconciler", func(u *gitlabtest.User) { u.Scopes = []string{"api"} }))
}

// ill sets a good deal otherwise.
func (r *sickRoom) ill() {
	r.change(func(p *gitlabtest.Project) {
		p.MergeMethod, p.SquashOption, p.PipelineMustSucceed = "merge", "always", false
	})
	r.must(r.forge.Unprotect(r.team.Path(), "sluice/ledger"))
	rule := gitlabtest.ProtectedBranch{Name: "m*", AllowForcePush: true, Push: []gitlabtest.Access{{Level: gitlabtest.Developer}, {DeployKey: 12}}}
	r.must(r.forge.Protect(r.team.Path(), rule))
	r.must(r.forge.UpdateUser("reconciler", func(u *gitlabtest.User) {
		u.Scopes, u.TokenExpires = []string{"api", "sudo"}, time.Now().AddDate(0, 0, 5)
	}))
	r.must(os.Chmod(r.token, 0o640))
}

// brokenFiles names files that keep run from starting.
func (r *sickRoom) brokenFiles() {
	r.webhook("secret_file: " + r.file("empty", ""))
	r.etcd("username: u, password_file: " + filepath.Join(r.dir, "none"))
	r.edit("state_dir: .*", "state_dir: "+filepath.Join(r.token, "state"))
	r.must(os.WriteFile(r.token, nil, 0o600))
}

func (r *sickRoom) file(name, text string) string {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	r.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

func (r *sickRoom) webhook(settings string) {
	r.t.Helper()
	r.edit("log_key_file:", "webhook: {listen: \"127.0.0.1:0\", "+settings+"}\nlog_key_file:")
}

// etcd adds a target that nobody serves.
func (r *sickRoom) etcd(settings string) {
	r.t.Helper()
	r.edit("( +)directory: {kind", "${1}etcd: {kind: etcd, endpoints: [\"http://127.0.0.1:1\"], "+settings+"}\n${1}directory: {kind")
}

func (r *sickRoom) change(change func(*gitlabtest.Project)) {
	r.t.Helper()
	r.must(r.forge.UpdateProject(r.team.Path(), change))
}

func (r *sickRoom) protect(branch string, push gitlabtest.AccessLevel) {
	r.t.Helper()
	r.must(r.forge.Protect(r.team.Path(), gitlabtest.ProtectedBranch{Name: branch, Push: []gitlabtest.Access{{Level: push}}}))
}

// write puts another token in place: of both, or of GitLab's alone.
func (r *sickRoom) write(which, token string) {
	r.t.Helper()
	if which == "token" {
		r.must(os.WriteFile(r.token, []byte(token), 0o600))
		return
	}
	other := filepath.Join(r.dir, "gitlab-token")
	r.must(os.WriteFile(other, []byte(token), 0o600))
	r.edit(`(project: \S+ token_file:) [^}]*`, "${1} "+other)
}

func (r *sickRoom) edit(pattern, to string) {
	r.t.Helper()
	text, err := os.ReadFile(r.config)
	r.must(err)
	changed := regexp.MustCompile(pattern).ReplaceAllString(string(text), to)
	if changed == string(text) {
		r.t.Fatalf("%s does not occur in %s", pattern, text)
	}
	r.must(os.WriteFile(r.config, []byte(changed), 0o600))
}

// keep returns what puts everything back.
func (r *sickRoom) keep() func() {
	config, err := os.ReadFile(r.config)
	r.must(err)
	return func() {
		r.forge.Heal()
		_ = r.forge.Unprotect(r.team.Path(), "sluice/*") // most rows have not made it
		r.must(os.WriteFile(r.config, config, 0o600))
		r.must(os.WriteFile(r.token, []byte(r.team.Person("reconciler").Token()), 0o600))
		r.must(os.Chmod(r.token, 0o600))
		if away := filepath.Join(r.dir, "away"); exists(away) {
			r.must(os.Rename(away, filepath.Join(r.dir, "live")))
		}
		r.well()
	}
}

func TestDoctorCode(t *testing.T) {
	forbidden, away := &failure{code: exitForbidden, err: errors.New("no")}, &failure{code: exitUnavailable, err: errors.New("nobody there")}
	for _, row := range []struct {
		sentence  string
		out       []examined
		bad, want int
	}{
		{"nothing is wrong", []examined{{}}, 0, exitDone},
		{"something fails", []examined{{}}, 1, exitNo},
		{"the repository alone is away", []examined{{git: away}}, 1, exitNo},
		{"both are away", []examined{{git: away, forge: away}}, 2, exitUnavailable},
		{"one refuses and one is away", []examined{{git: forbidden, forge: away}}, 2, exitForbidden},
		{"another project could be asked", []examined{{git: away, forge: away}, {}}, 2, exitNo},
	} {
		if got := doctorCode(row.out, map[schema.GuardState]int{schema.GuardFail: row.bad}); got != row.want {
			t.Errorf("%s: got %d, want %d", row.sentence, got, row.want)
		}
	}
	if got := doctorCode([]examined{{}}, map[schema.GuardState]int{schema.GuardUnknown: 1}); got != exitNo {
		t.Errorf("something is unknown: got %d, want %d", got, exitNo)
	}
	order := inOrder([]doctorCheck{{Group: groupTargets}, {Group: groupFiles}, {Group: groupForge}})
	if slices.IndexFunc(order, func(c doctorCheck) bool { return c.Group == groupFiles }) != 0 {
		t.Errorf("got %v", order)
	}
}

func TestDoctorAdvises(t *testing.T) {
	for state, want := range map[schema.GuardState]bool{schema.GuardFail: true, schema.GuardUnknown: true, schema.GuardOK: false} {
		if got := advised([]doctorCheck{{State: state}})[0].Fix != ""; got != want {
			t.Errorf("%s: advice %t, want %t", state, got, want)
		}
	}
}
