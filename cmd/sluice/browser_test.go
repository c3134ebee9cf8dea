package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/note"
)

// browserLines is a project of two stages; the second asks for an approval.
const browserLines = `version: 1
layout: directory
targets: {etcd: {}}
stages:
  - name: development
  - name: staging
    gates: {promote: [{approvals: 1}]}
stage_local: [local.yaml]
`

// TestBrowser: somebody who has nothing but a browser reads in the merge request what it would change and what is missing,
// approves, reads that it may enter, and merges; and the change is live. SLUICE_SCREENSHOTS=DIR keeps pictures of it.
func TestBrowser(t *testing.T) {
	if os.Getenv("SLUICE_E2E") == "" && os.Getenv("SLUICE_SCREENSHOTS") == "" {
		t.Skip("a browser is driven by make e2e alone")
	}
	t.Parallel()
	browser := real.Chromium(t, 1100, 900)
	endpoint, _ := startEtcd(t)
	c := combination{tier: "CE", method: "browser", opts: gitlabtest.Options{RequireSHA: true}, set: func(*gitlabtest.Project) {}}
	m := newMatrix(t, sluiceBinary(t), endpoint, c, browserLines)
	m.land("development", m.edit())
	iid := m.proposed("staging")
	m.noted(iid, "`staging` waits: 1 approval")

	browser.Open(fmt.Sprintf("%s/%s/-/merge_requests/%d", m.forge.URL(), m.team.Path(), iid))
	m.reads(browser, "waiting", "payments", "limits.maxTransfer", "1 approval", "bob", "Nobody has approved")
	m.presses(browser, "bob", "approve")
	m.noted(iid, "may enter")
	m.status(iid, note.StatusPrefix+"staging", "success")
	browser.Open(fmt.Sprintf("%s/%s/-/merge_requests/%d", m.forge.URL(), m.team.Path(), iid))
	m.reads(browser, "approved", "bob approved", "may enter")
	m.presses(browser, "bob", "merge")
	m.reads(browser, "merged", "Merged", "by bob")
	m.live("staging", iid)
	m.proveLedger()
}

// reads looks for texts on the page as it is seen, and keeps a picture.
func (m *matrix) reads(browser *real.Browser, picture string, texts ...string) {
	m.t.Helper()
	if dir := os.Getenv("SLUICE_SCREENSHOTS"); dir != "" {
		browser.Screenshot(filepath.Join(dir, "merge-request-"+picture+".png"))
	}
	seen := browser.Text("body")
	for _, text := range texts {
		if !strings.Contains(seen, text) {
			m.t.Fatalf("the page does not say %q:\n%s", text, seen)
		}
	}
}

// presses presses a button of the merge request's page as somebody.
func (m *matrix) presses(browser *real.Browser, person, verb string) {
	m.t.Helper()
	browser.Choose(".act select[name=as]", person)
	browser.Click(fmt.Sprintf(".act button[formaction$='/%s']", verb))
	if refused := browser.Text(".refusal"); refused != "" {
		m.t.Fatalf("%s pressed %s: %s", person, verb, refused)
	}
}
