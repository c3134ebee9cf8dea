package gitlab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// RereadGuards judges guard rails again from the raw answers that were kept of them, and asks nobody. What the project's own
// answer told, which is not kept, is returned as it was.
func RereadGuards(kept schema.Guards) (schema.Guards, error) {
	c := &Client{host: kept.Host}
	rules, haveRules, err := c.rulesAgain(kept)
	if err != nil {
		return kept, err
	}
	settings, haveSettings, err := c.settingsAgain(kept)
	if err != nil {
		return kept, err
	}
	out := kept
	out.Rails = slices.Clone(kept.Rails)
	for i, r := range out.Rails {
		var again []schema.GuardRail
		have := false
		switch {
		case schema.OfBranch(r.Name):
			again, have = stageRails(r.Subject, rules), haveRules
		case slices.ContainsFunc(approvalRails(settings), func(a schema.GuardRail) bool { return a.Name == r.Name }):
			again, have = approvalRails(settings), haveSettings
		default:
			continue
		}
		at := slices.IndexFunc(again, func(a schema.GuardRail) bool { return a.Name == r.Name })
		switch {
		case have && at >= 0:
			out.Rails[i] = again[at]
		case r.State != schema.GuardUnknown:
			return kept, fmt.Errorf("guard rail %s is %s, and no answer was kept that says so", r.Name, r.State)
		}
	}
	return out, nil
}

// rulesAgain reads the branch rules; there are none where the token could not see them.
func (c *Client) rulesAgain(kept schema.Guards) ([]branchRule, bool, error) {
	l := keptPages(kept, "protected_branches")
	if len(l.pages) == 0 {
		return nil, false, nil
	}
	ask := request{doing: "read the protected branches"}
	l, err := (&reading{c: c}).rowsAgain(ask, l)
	if err != nil {
		return nil, false, err
	}
	rules, err := c.branchRules(ask, l)
	return rules, true, err
}

func (c *Client) settingsAgain(kept schema.Guards) (approvalSettings, bool, error) {
	var s approvalSettings
	l := keptPages(kept, "approvals")
	if len(l.pages) == 0 {
		return s, false, nil
	}
	if len(l.pages) != 1 {
		return s, false, fmt.Errorf("%d answers about the approval settings were kept, want 1", len(l.pages))
	}
	return s, true, c.decode("read the approval settings", l.pages[0], &s)
}

// keptPages are the answers that were kept about a question of the project.
func keptPages(kept schema.Guards, what string) list {
	var l list
	for _, raw := range kept.Raw {
		_, target, _ := strings.Cut(raw.Request, " ")
		path, _, _ := strings.Cut(target, "?")
		if path == fmt.Sprintf("/projects/%d/%s", kept.ProjectID, what) {
			l.pages = append(l.pages, answer{exchange: exchange{body: raw.Body}, request: raw.Request})
		}
	}
	return l
}
