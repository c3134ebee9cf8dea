package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/schema"
)

// aviary is a project whose secrets are canaries: whatever the binary writes is searched for them (THREATS 82).
type aviary struct {
	*project
	t      *testing.T
	binary string
	birds  map[string]string // what must never be seen, by what it is

	mu sync.Mutex // guards t.Errorf's order alone: two pipes of a process are read at once
}

const (
	wrongToken  = "glpat-c4n4ry-wrong-0000"
	etcdSecret  = "c4n4ry-of-etcd"
	urlSecret   = "c4n4ry-in-the-address"
	flagSecret  = "c4n4ry-in-a-setting"
	valueSecret = "c4n4ry-of-an-app"
)

func newAviary(t *testing.T) *aviary {
	p := freshProject(t, "directory")
	a := &aviary{project: p, t: t, binary: sluiceBinary(t)}
	a.birds = map[string]string{
		"the token": p.team.Person("reconciler").Token(), "the wrong token": wrongToken, "the password of etcd": etcdSecret,
		"the user in a URL": urlSecret, "a secret among the settings": flagSecret, "a value of an app": valueSecret,
		"the log key": longestLine(t, p.team.LogKey()), "the bot key": longestLine(t, filepath.Join(p.dir, "reconciler", "bot")),
		"a person's key": longestLine(t, p.team.Person("ann").Key()),
	}
	for name, text := range map[string]string{"wrong": wrongToken, "password": etcdSecret, "empty": ""} {
		a.write(name, text)
	}
	return a
}

// longestLine is the part of a private key that is the secret.
func longestLine(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	return slices.MaxFunc(lines[1:len(lines)-2], func(a, b string) int { return len(a) - len(b) })
}

func (a *aviary) write(name, text string) string {
	a.t.Helper()
	file := filepath.Join(a.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return file
}

// search fails the test for every canary in a text, and names where; it shows neither.
func (a *aviary) search(where, text string, but ...string) {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(a.birds)) {
		if strings.Contains(text, a.birds[what]) && !slices.Contains(but, what) {
			a.t.Errorf("%s: %s shows:\n%s", where, what, strings.ReplaceAll(text, a.birds[what], "<<"+what+">>"))
		}
	}
}

// sluice runs a command in ann's clone, searches what it says, and holds its exit code.
func (a *aviary) sluice(want int, args ...string) string {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), a.binary, append([]string{"-C", a.team.Person("ann").Dir()}, args...)...)
	cmd.Env = append(os.Environ(), "SLUICE_ANCHOR="+string(a.team.Anchor()), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	out, _ := cmd.CombinedOutput()
	where := "sluice " + strings.Join(args, " ")
	a.search(where, string(out))
	if got := cmd.ProcessState.ExitCode(); got != want {
		a.t.Errorf("%s: exit %d, want %d\n%s", where, got, want, out)
	}
	return string(out)
}

// operator writes an operator's file of this project, changed.
func (a *aviary) operator(name, targets string, replace ...string) string {
	a.t.Helper()
	file, err := a.operatorFile(name, targets)
	if err != nil {
		a.t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(name+".yaml", strings.NewReplacer(replace...).Replace(string(text)))
}

func TestNoOutputShowsASecret(t *testing.T) {
	t.Parallel()
	a := newAviary(t)
	live := "directory: {kind: file, directory: " + t.TempDir() + "}"
	secret := []team.Commit{{Message: "payments: a password", Files: map[string]string{"app.yaml": "db:\n  password: " + valueSecret + "\n"}}}
	if _, err := a.bring(t.Context(), "development", "a password", secret); err != nil {
		t.Fatal(err)
	}
	if _, err := a.team.Person("ann").Propose(t.Context(), "main", "ann/open", "another password", team.Commit{
		Message: "payments: another", Files: map[string]string{"stages/development/payments/app.yaml": "db:\n  password: " + valueSecret + "-again\n"}, Start: "origin/main",
	}); err != nil {
		t.Fatal(err)
	}
	config := a.operator("state", live)
	a.sluice(exitDone, "run", "--once", "--config", config)
	a.sluice(exitDone, "run", "--once", "--config", config, "--log-format", "json", "-o", "json")

	a.sluice(exitNo, "doctor", "--config", config)
	a.sluice(exitNo, "doctor", "--config", config, "-o", "json")
	for _, row := range a.failures(live) {
		t.Run(row.name, func(t *testing.T) {
			b := &aviary{project: a.project, t: t, binary: a.binary, birds: a.birds}
			b.sluice(row.exit, row.args...)
			b.sluice(row.exit, append(row.args, "-o", "json")...)
		})
	}
	a.looks()
	a.daemon(config)
	a.disk()
}

// canaryFailure is a command that cannot do what it is asked for.
type canaryFailure struct {
	name string
	exit int
	args []string
}

func (a *aviary) failures(live string) []canaryFailure {
	forge, clone := a.forge.URL(), a.forge.CloneURL(a.team.Path(), "")
	home := func(url string) []string {
		return []string{"repository: " + clone, "repository: " + url + "/acme/config.git", forge, url}
	}
	once := func(name, targets string, replace ...string) []string {
		return []string{"run", "--once", "--config", a.operator(name, targets, replace...)}
	}
	examined := func(name, targets string, replace ...string) []string {
		return []string{"doctor", "--config", a.operator(name, targets, replace...)}
	}
	etcd := "directory: {kind: etcd, endpoints: [\"http://127.0.0.1:1\"], username: sluice, password_file: " + filepath.Join(a.dir, "password") + ", settings: {timeout: 300ms}}"
	return []canaryFailure{
		{"a wrong token", exitForbidden, once("wrong-token", live, a.token, filepath.Join(a.dir, "wrong"))},
		{"an empty token", exitUsage, once("empty-token", live, a.token, filepath.Join(a.dir, "empty"))},
		{"a key in place of the token", exitUsage, once("key-as-token", live, a.token, a.team.LogKey())},
		{"the token in place of the log key", exitUsage, once("token-as-key", live, a.team.LogKey(), a.token)},
		{"a forge that sends elsewhere", exitUsage, once("redirect", live, home(a.elsewhere())...)},
		{"a forge that repeats what it was told", exitForbidden, once("echo", live, home(a.echo())...)},
		{"a forge that is not there", exitUnavailable, once("away", live, home("http://127.0.0.1:1")...)},
		{"etcd that is not there", exitUnavailable, once("etcd", etcd)},
		{"a password in the endpoint of etcd", exitUsage, once("endpoint", strings.Replace(etcd, "http://", "http://u:"+urlSecret+"@", 1))},
		{"a password among the settings", exitUsage, once("settings", strings.Replace(etcd, "timeout: 300ms", "password: "+flagSecret, 1))},
		{"a password in the address of the repository", exitUsage, once("userinfo", live, "repository: http://", "repository: http://u:"+urlSecret+"@")},
		{"a password in the address of GitLab", exitUsage, once("gitlab", live, "{url: http://", "{url: http://u:"+urlSecret+"@")},
		{"secrets where files belong", exitUsage, once("inline", live, "username: reconciler", "password: "+flagSecret)},
		{"the token as the operator's file", exitUsage, []string{"run", "--once", "--config", a.token}},
		{"a key as the operator's file", exitUsage, []string{"run", "--once", "--config", a.team.LogKey()}},
		{"a key as the trust", exitUnprovable, []string{"verify", "HEAD", "--trust", a.team.LogKey()}},
		{"a wrong token, examined", exitForbidden, examined("wrong-token", live, a.token, filepath.Join(a.dir, "wrong"))},
		{"a key in place of the token, examined", exitNo, examined("key-as-token", live, a.token, a.team.LogKey())},
		{"a forge that sends elsewhere, examined", exitUnavailable, examined("redirect", live, home(a.elsewhere())...)},
		{"a forge that repeats what it was told, examined", exitForbidden, examined("echo", live, home(a.echo())...)},
		{"a password in the endpoint of etcd, examined", exitUsage, examined("endpoint", strings.Replace(etcd, "http://", "http://u:"+urlSecret+"@", 1))},
		{"the token as the trust", exitUnprovable, []string{"verify", "HEAD", "--trust", a.token}},
		{"the token as a key to sign with", exitUsage, []string{"approve", "2", "-y", "--sign-with", a.token}},
		{"a private key as one's public key", exitUsage, []string{"trust", "add", "eve", "--role", "author", "--key", a.team.Person("ann").Key()}},
		{"the token as a person's key", exitUsage, []string{"trust", "add", "eve", "--role", "author", "--key", a.token}},
		{"a key as a checkpoint", exitUnprovable, []string{"audit", "verify", "--known", a.team.LogKey()}},
	}
}

// elsewhere is a forge that redirects to another host, which must not be told anything.
func (a *aviary) elsewhere() string {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		a.search("a request to another host", fmt.Sprint(r.URL, r.Header))
	}))
	a.t.Cleanup(other.Close)
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+r.URL.RequestURI(), http.StatusFound)
	}))
	a.t.Cleanup(home.Close)
	return home.URL
}

// echo is a forge, or a proxy before it, whose refusals repeat the request.
func (a *aviary) echo() string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		http.Error(w, fmt.Sprintf(`{"message":"token %s%s may not"}`, password, r.Header.Get("PRIVATE-TOKEN")), http.StatusForbidden)
	}))
	a.t.Cleanup(s.Close)
	return s.URL
}

// looks runs the commands that read, in a clone whose address has a password, while the forge answers and while it does not.
func (a *aviary) looks() {
	a.t.Helper()
	ann := a.team.Person("ann")
	if err := ann.Fetch(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	for _, output := range []string{"text", "json"} {
		for _, args := range [][]string{
			{"status"}, {"why", "payments"}, {"why", "payments", "production"}, {"history", "payments"},
			{"audit", "verify"}, {"explain", "unsigned"}, {"diff", "development", "testing"}, {"diff", "HEAD~1", "HEAD"}, {"requests", "-a"},
			{"trust", "show"}, {"trust", "verify"}, {"approve", "1", "--dry-run"}, {"approve", "2", "--dry-run"}, {"audit", "checkpoint"}, {"version"}, {"verify", "HEAD"}, {"lint"}, {"check"}, {"check", "--base", "HEAD~1"},
		} {
			cmd := exec.CommandContext(a.t.Context(), a.binary, append([]string{"-C", ann.Dir(), "-o", output}, args...)...)
			cmd.Env = append(os.Environ(), "SLUICE_ANCHOR="+string(a.team.Anchor()))
			out, _ := cmd.CombinedOutput() // which of them find something is other tests' question
			a.search("sluice "+strings.Join(args, " "), string(out))
		}
	}
	if _, err := ann.Git(a.t.Context(), "remote", "set-url", "origin", "http://u:"+urlSecret+"@127.0.0.1:1/acme/config.git"); err != nil {
		a.t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "--seal"}, {"status"}, {"audit", "verify"}, {"init"}, {"approve", "2", "-y"}, {"approve", "2", "-y", "-o", "json"}, {"trust", "sign"},
		{"suspend", "--stage", "production", "--until", "3d", "--reason", "x", "-y"}, {"requests"}, {"accept-ref", "main", "--new", "HEAD", "--reason", "x", "-y"},
	} {
		cmd := exec.CommandContext(a.t.Context(), a.binary, append([]string{"-C", ann.Dir()}, args...)...)
		out, _ := cmd.CombinedOutput()
		a.search("sluice "+strings.Join(args, " ")+" with a remote that is away", string(out))
	}
}

// daemon runs the reconciler, reads all of its pages, and ends it as the Go runtime does when it panics: with what every
// goroutine is doing.
func (a *aviary) daemon(config string) {
	a.t.Helper()
	cmd := exec.Command(a.binary, "run", "--config", config, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--pprof=false", "--log-format", "json")
	cmd.Env = append(os.Environ(), "GOTRACEBACK=system")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	real.Start(a.t, cmd)
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<20)
	var addresses []string // of the page, then of the metrics
	for len(addresses) < 2 && lines.Scan() {
		a.search("the log", lines.Text())
		if _, rest, ok := strings.Cut(lines.Text(), `"address":"`); ok {
			address, _, _ := strings.Cut(rest, `"`)
			addresses = append(addresses, address)
		}
	}
	if len(addresses) < 2 {
		a.t.Fatal("the reconciler serves no page, or no metrics")
	}
	for _, path := range []string{"/metrics", "/readyz?verbose", "/livez", "/debug/pprof/heap"} {
		answer, err := http.Get(addresses[1] + path)
		if err != nil {
			a.t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		a.search("GET "+path+" of the metrics' address", fmt.Sprint(answer.Header)+string(body))
	}
	address := addresses[0]
	for path, want := range map[string]int{
		"/": http.StatusOK, "/metrics": http.StatusNotFound, "/healthz": http.StatusOK, "/app/payments": 0, "/api/v1/status": 0,
		"/debug/pprof/": http.StatusNotFound, "/debug/pprof/heap": http.StatusNotFound, "/debug/pprof/cmdline": http.StatusNotFound,
		"/debug/pprof/goroutine?debug=2": http.StatusNotFound, "/debug/vars": http.StatusNotFound,
	} {
		answer, err := http.Get(address + path)
		if err != nil {
			a.t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if want != 0 && answer.StatusCode != want && answer.StatusCode != http.StatusServiceUnavailable || want == http.StatusNotFound && answer.StatusCode != want {
			a.t.Errorf("GET %s: %s, want %d", path, answer.Status, want)
		}
		a.search("GET "+path, fmt.Sprint(answer.Header)+string(body))
	}
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		a.t.Fatal(err)
	}
	var dump strings.Builder
	for lines.Scan() {
		dump.WriteString(lines.Text() + "\n")
	}
	_ = cmd.Wait() // it says that it was ended
	if !strings.Contains(dump.String(), "goroutine ") {
		a.t.Errorf("SIGQUIT gives no dump:\n%s", dump.String())
	}
	a.search("the dump of a crash", dump.String())
}

// disk searches what stays: the state directory, the ledger, and the forge's repository. Values of apps are in Git, where
// they belong, and in no object of the ledger.
func (a *aviary) disk() {
	a.t.Helper()
	for _, dir := range []string{filepath.Join(a.dir, "state")} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			a.search(path, string(data))
			return err
		})
		if err != nil {
			a.t.Fatal(err)
		}
		a.search("the mirror's objects", a.objects(filepath.Join(dir, "mirror"), "--batch-all-objects"), "a value of an app")
	}
	repository := a.forge.RepoDir(a.team.Path())
	a.search("the repository's objects", a.objects(repository, "--batch-all-objects"), "a value of an app")
	list, err := exec.Command("git", "-C", repository, "-c", "safe.directory=*", "rev-list", "--objects", "--no-object-names", schema.DefaultLedgerBranch).Output()
	if err != nil || len(list) == 0 {
		a.t.Fatalf("list the ledger's objects: %v", err)
	}
	a.search("the ledger's objects", a.objects(repository, "", list...))
}

func (a *aviary) objects(dir, all string, ids ...byte) string {
	a.t.Helper()
	args := []string{"-C", dir, "-c", "safe.directory=*", "cat-file", "--batch"}
	if all != "" {
		args = append(args, all)
	}
	cmd := exec.Command("git", args...)
	cmd.Stdin = bytes.NewReader(ids)
	out, err := cmd.Output()
	if err != nil || len(out) == 0 {
		a.t.Fatalf("read the objects of %s: %v", dir, err)
	}
	return string(out)
}
