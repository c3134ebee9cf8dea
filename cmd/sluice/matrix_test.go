package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/note"
	"github.com/sluice-gitops/sluice/schema"
)

// matrixLines is a project of three stages: the second merges by itself, the last by hand.
const matrixLines = `version: 1
layout: directory
targets: {etcd: {}}
stages:
  - name: development
  - name: staging
    merge: auto
    gates: {promote: [{approvals: 1}]}
  - name: production
stage_local: [local.yaml]
`

// combination is one way in which a GitLab may be set up.
type combination struct {
	tier, method string // as the table names them
	opts         gitlabtest.Options
	set          func(*gitlabtest.Project)
}

// combinations are the tiers with the merge methods. Every forge refuses a merge that names no head.
func combinations() []combination {
	methods := map[string]func(*gitlabtest.Project){
		"merge":  func(p *gitlabtest.Project) { p.MergeMethod = "merge" },
		"squash": func(p *gitlabtest.Project) { p.MergeMethod, p.SquashOption = "merge", "always" },
		"ff":     func(p *gitlabtest.Project) { p.MergeMethod = "ff" },
	}
	var out []combination
	for name, tier := range map[string]gitlabtest.Tier{"CE": gitlabtest.CE, "Free": gitlabtest.EEFree, "Premium": gitlabtest.Premium} {
		for method, set := range methods {
			out = append(out, combination{name, method, gitlabtest.Options{Tier: tier, RequireSHA: true, Checks: 1}, func(p *gitlabtest.Project) {
				set(p)
				if tier == gitlabtest.Premium {
					p.ApprovalsRequired, p.ResetApprovalsOnPush = 1, true
				}
			}})
		}
	}
	return out
}

// TestMergeRequestsEndToEnd is the way of a change in each tier of GitLab with each merge method: pushed with git, checked in
// a pipeline, admitted; proposed to the next stage by sluice, whose note says what is missing; approved; merged by sluice, and
// in the last stage by a person; and live in etcd, while the API answers 5xx and 429 and webhooks get lost. make e2e plays all
// nine; make test the one that differs most.
func TestMergeRequestsEndToEnd(t *testing.T) {
	binary := sluiceBinary(t)
	endpoint, _ := startEtcd(t)
	for _, c := range combinations() {
		if os.Getenv("SLUICE_E2E") == "" && (c.tier != "Free" || c.method != "ff") {
			continue
		}
		t.Run(c.tier+" "+c.method, func(t *testing.T) {
			t.Parallel()
			m := newMatrix(t, binary, endpoint, c, matrixLines)
			edit := m.edit()
			m.trouble()
			m.land("development", edit)
			auto := m.proposed("staging")
			m.noted(auto, "`staging` waits: 1 approval")
			m.status(auto, note.StatusPrefix+"staging", "pending")
			m.trouble()
			m.approve(auto, "bob")
			m.awaitMerged(auto)
			m.live("staging", auto)
			hand := m.proposed("production")
			m.noted(hand, "`production` waits: 2 approvals")
			m.approve(hand, "bob")
			m.noted(hand, "`production` waits: 1 approval")
			m.trouble()
			m.approve(hand, "carol")
			m.noted(hand, "`production` may enter")
			m.status(hand, note.StatusPrefix+"production", "success")
			m.land("production", hand)
			m.show(edit, auto, hand)
		})
	}
}

// matrix is one project at a forge of one combination.
type matrix struct {
	*endToEnd
	as      combination
	content int // value that is on its way
}

func newMatrix(t *testing.T, binary, endpoint string, c combination, sluiceYAML string) *matrix {
	t.Helper()
	p, err := newProjectAt(t.Context(), c.opts, t.TempDir(), binary, sluiceYAML)
	if err != nil {
		t.Fatal(err)
	}
	m := &matrix{endToEnd: &endToEnd{project: p, t: t, binary: binary, root: "/" + strings.ToLower(c.tier+"-"+c.method)}, as: c, content: 5000}
	t.Cleanup(func() { m.check(p.forge.Close()) })
	m.check(p.forge.UpdateProject(p.team.Path(), c.set))
	m.gate = newGate(t, strings.TrimPrefix(endpoint, "http://"))
	m.targets = fmt.Sprintf("etcd: {kind: etcd, endpoints: [%q], root: %s}", "http://"+m.gate.address(), m.root)
	m.seal()
	m.start("sluice")
	m.listen()
	return m
}

// start runs sluice with the robot's key and with webhooks, and polls slowly: it is the hooks that make it quick.
func (m *matrix) start(name string) {
	m.t.Helper()
	m.adapt = func(text string) string {
		return strings.Replace(text, "interval: 200ms", "interval: 2s", 1) + fmt.Sprintf("bot_key_file: %s\nwebhook: {listen: 'localhost:0', secret_file: %s}\n",
			filepath.Join(m.dir, "reconciler", "bot"), filepath.Join(m.dir, "hook-token"))
	}
	m.check(os.WriteFile(filepath.Join(m.dir, "hook-token"), []byte("hook-secret-of-the-matrix\n"), 0o600))
	m.endToEnd.start(name)
}

// listen tells the forge where sluice takes webhooks, once its log has said so.
func (m *matrix) listen() {
	m.t.Helper()
	serving := regexp.MustCompile(`serving webhooks" address=(\S+)`)
	var address []string
	m.await("sluice to serve webhooks", func() bool {
		log, _ := os.ReadFile(filepath.Join(m.dir, "sluice.log"))
		address = serving.FindStringSubmatch(string(log))
		return address != nil
	})
	m.ask("bob", http.MethodPost, "/hooks", url.Values{"url": {address[1] + "/gitlab"}, "token": {"hook-secret-of-the-matrix"},
		"merge_requests_events": {"true"}, "note_events": {"true"}}, nil)
}

// ask sends a form to the forge's API as a person and decodes the answer.
func (m *matrix) ask(person, method, path string, form url.Values, out any) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.forge.APIURL()+"/projects/"+url.PathEscape(m.team.Path())+path, strings.NewReader(form.Encode()))
	m.check(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("PRIVATE-TOKEN", m.team.Person(person).Token())
	resp, err := http.DefaultClient.Do(req)
	m.check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	m.check(err)
	if resp.StatusCode > 299 {
		m.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, body)
	}
	if out != nil {
		m.check(json.Unmarshal(body, out))
	}
}

// trouble disturbs what comes next: the API fails, then asks to come later, and the next webhook gets lost.
func (m *matrix) trouble() {
	m.forge.ServerErrors(3, http.StatusBadGateway)
	m.forge.TooManyRequests(2, time.Second)
	m.forge.LoseWebhooks(1)
}

// edit is ann's change: pushed with git, which opens the merge request, and checked by the pipeline that follows.
func (m *matrix) edit() int {
	m.t.Helper()
	ctx, ann := m.t.Context(), m.team.Person("ann")
	m.check(ann.Fetch(ctx))
	change := limit(m.content)[0]
	branch, dir := m.place("development")
	change.Branch, change.Start = "ann/limit", "origin/"+branch
	change.Files = map[string]string{dir + "/app.yaml": change.Files["app.yaml"]}
	head, err := ann.Commit(ctx, change)
	m.check(err)
	_, err = ann.Git(ctx, "push", "-q", "-o", "merge_request.create", "-o", "merge_request.target="+branch, "origin", "ann/limit")
	m.check(err)
	iid := m.opened("ann/limit")
	m.brought++
	m.pipeline(iid, head)
	m.approve(iid, "bob") // Premium asks for one in every stage
	return iid
}

// pipeline runs sluice check as the job of the merge request's pipeline does.
func (m *matrix) pipeline(iid int, head schema.Hash) {
	m.t.Helper()
	run, err := m.forge.StartPipeline(m.team.Path(), "ann", gitlabtest.Pipeline{SHA: head.String(), Ref: fmt.Sprintf("refs/merge-requests/%d/head", iid)})
	m.check(err)
	quality := filepath.Join(m.dir, "quality.json")
	out := m.sluice(exitDone, "check", "--anchor", string(m.team.Anchor()), "--report", "codequality="+quality)
	if !strings.Contains(out, "payments") {
		m.t.Errorf("check does not tell what changes:\n%s", out)
	}
	if report, err := os.ReadFile(quality); err != nil || !json.Valid(report) {
		m.t.Errorf("the report is %q, %v", report, err)
	}
	m.check(m.forge.FinishPipeline(m.team.Path(), run.ID, "success"))
}

// opened is the merge request that is open from a branch whose name begins so; 0 when there is none.
func (m *matrix) opened(branch string) int {
	m.t.Helper()
	all, err := m.forge.MergeRequests(m.team.Path())
	m.check(err)
	for _, mr := range all {
		if mr.State == "opened" && strings.HasPrefix(mr.SourceBranch, branch) {
			return mr.IID
		}
	}
	return 0
}

// proposed waits for the merge request that sluice opens for a stage.
func (m *matrix) proposed(stage string) (iid int) {
	m.t.Helper()
	m.await("sluice to propose the promotion to "+stage, func() bool {
		iid = m.opened("sluice/promote/" + stage + "/payments/")
		return iid != 0
	})
	if mr := m.mergeRequest(iid); mr.Author != "reconciler" {
		m.t.Errorf("!%d is by %s", iid, mr.Author)
	}
	m.brought++
	return iid
}

func (m *matrix) mergeRequest(iid int) gitlabtest.MergeRequest {
	m.t.Helper()
	mr, err := m.forge.MergeRequest(m.team.Path(), iid)
	m.check(err)
	return mr
}

func (m *matrix) approve(iid int, person string) {
	m.t.Helper()
	m.check(m.team.Person(person).Approve(iid))
}

// note is what sluice says below a merge request; empty when it says nothing yet. It says it once.
func (m *matrix) note(iid int) string {
	m.t.Helper()
	var said []string
	for _, n := range m.mergeRequest(iid).Notes {
		if n.Author == "reconciler" && strings.HasPrefix(n.Body, note.MarkerPrefix) {
			said = append(said, n.Body)
		}
	}
	if len(said) > 1 {
		m.t.Errorf("!%d has %d notes by sluice", iid, len(said))
	}
	return strings.Join(said, "\n")
}

// noted waits until the note says something.
func (m *matrix) noted(iid int, text string) {
	m.t.Helper()
	m.await(fmt.Sprintf("the note of !%d to say %q", iid, text), func() bool { return strings.Contains(m.note(iid), text) })
}

// status waits until the head of a merge request has a commit status of sluice's in that state.
func (m *matrix) status(iid int, name, state string) {
	m.t.Helper()
	m.await(fmt.Sprintf("%s of !%d to be %s", name, iid, state), func() bool {
		var all []struct{ Name, Status string }
		return m.read("/repository/commits/"+m.mergeRequest(iid).SHA+"/statuses", &all) &&
			slices.Contains(all, struct{ Name, Status string }{name, state})
	})
}

// land merges as bob does, naming the head, once the forge finds it mergeable; and waits until the value is live.
func (m *matrix) land(stage string, iid int) {
	m.t.Helper()
	bob := m.team.Person("bob")
	m.await(fmt.Sprintf("!%d to be mergeable", iid), func() bool {
		var got struct {
			Status string `json:"detailed_merge_status"`
		}
		return m.mergeRequest(iid).DetailedStatus == "mergeable" || m.read(fmt.Sprintf("/merge_requests/%d", iid), &got) && got.Status == "mergeable"
	})
	m.check(bob.Merge(iid, gitlabtest.MergeOptions{SHA: m.mergeRequest(iid).SHA, RemoveSource: true}))
	m.live(stage, iid)
}

// read reads from the forge's API; false while the forge is in trouble.
func (m *matrix) read(path string, out any) bool {
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, m.forge.APIURL()+"/projects/"+url.PathEscape(m.team.Path())+path, nil)
	m.check(err)
	req.Header.Set("PRIVATE-TOKEN", m.team.Person("bob").Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(out) == nil
}

// awaitMerged waits until sluice has merged.
func (m *matrix) awaitMerged(iid int) {
	m.t.Helper()
	m.await(fmt.Sprintf("sluice to merge !%d", iid), func() bool { return m.mergeRequest(iid).State == "merged" })
	if mr := m.mergeRequest(iid); mr.MergedBy != "reconciler" {
		m.t.Errorf("!%d is merged by %s", iid, mr.MergedBy)
	}
}

func (m *matrix) live(stage string, iid int) {
	m.t.Helper()
	m.awaitValue(stage, m.content)
	m.await("the delivery to be in the ledger", func() bool { return m.delivered(stage, iid) })
}

// landed tells who merged a merge request and what that made, and holds it to GitLab's table of which SHA says so.
func (m *matrix) landed(iid int) string {
	m.t.Helper()
	mr := m.mergeRequest(iid)
	made := map[string]string{"merge": "with a merge commit", "squash": "squashed, with a merge commit", "ff": "as it was pushed"}[m.as.method]
	as := [3]bool{mr.MergeCommitSHA == mr.LandedSHA, mr.SquashCommitSHA != "", mr.LandedSHA == mr.SHA}
	want := map[string][3]bool{"merge": {true, false, false}, "squash": {true, true, false}, "ff": {false, false, true}}[m.as.method]
	if as != want {
		m.t.Errorf("!%d landed as %+v", iid, mr)
	}
	return fmt.Sprintf("!%d by %s %s", iid, mr.MergedBy, made)
}

// show proves the ledger, looks for what must not be, and tells the row of the table.
func (m *matrix) show(edit, auto, hand int) {
	m.t.Helper()
	m.proveLedger()
	verified := exitDone
	if m.as.method == "squash" {
		verified = exitTampered // the forge made the commit, and nobody signed it: what was approved is in its merge request
	}
	m.sluice(verified, "verify", "origin/main~1..origin/main")
	for _, x := range m.forge.Fired() {
		if x.User == "reconciler" {
			m.t.Errorf("what sluice wrote in !%d set off %s", x.IID, x.Text)
		}
	}
	seen := map[int]int{}
	for _, r := range m.forge.Requests() {
		seen[r.Status]++
	}
	if seen[http.StatusBadGateway] == 0 || seen[http.StatusTooManyRequests] == 0 {
		m.t.Errorf("sluice met no trouble: %v", seen)
	}
	m.t.Attr("GitLab-"+m.as.tier+"-"+m.as.method, fmt.Sprintf("%s, %s, %s; %d API requests, of them %d got 502 and %d got 429", m.landed(edit), m.landed(auto), m.landed(hand),
		len(m.forge.Requests()), seen[http.StatusBadGateway], seen[http.StatusTooManyRequests]))
}
