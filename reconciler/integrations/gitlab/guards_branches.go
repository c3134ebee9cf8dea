package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// branchRule is a rule for the branches that a name or wildcard matches. Asking for a branch by name does not find a
// wildcard's rule, so all rules are listed and matched here.
type branchRule struct {
	Name      string        `json:"name"`
	Push      []accessEntry `json:"push_access_levels"`  // nil: not told
	Merge     []accessEntry `json:"merge_access_levels"` // nil: not told
	Force     *bool         `json:"allow_force_push"`
	Inherited bool          `json:"inherited"` // of the group, Premium
}

// accessEntry lets somebody through a rule: a role and above, or on Premium a user or group, or a deploy key.
type accessEntry struct {
	Level     *int   `json:"access_level"`
	User      *int64 `json:"user_id"`
	Group     *int64 `json:"group_id"`
	DeployKey *int64 `json:"deploy_key_id"`
	Words     string `json:"access_level_description"`
}

// grants reports whether the entry lets anybody through. One that is not understood does.
func (a accessEntry) grants() bool {
	return a.Level == nil || *a.Level != 0 || a.User != nil || a.Group != nil || a.DeployKey != nil
}

// role is the level that an entry for a role lets through; 0 for others.
func (a accessEntry) role() int {
	if a.Level == nil || a.User != nil || a.Group != nil || a.DeployKey != nil {
		return 0
	}
	return *a.Level
}

func (a accessEntry) String() string {
	switch {
	case a.DeployKey != nil:
		return fmt.Sprintf("deploy key %d", *a.DeployKey)
	case a.User != nil:
		return fmt.Sprintf("user %d", *a.User)
	case a.Group != nil:
		return fmt.Sprintf("group %d", *a.Group)
	case a.Level == nil:
		return printable(a.Words)
	}
	names := map[int]string{0: "no one", 30: "Developers", 40: "Maintainers", 60: "admins"}
	if name, ok := names[*a.Level]; ok {
		return name
	}
	return fmt.Sprintf("access level %d", *a.Level)
}

// matches says whether a rule covers a branch: a star stands for any letters, slashes too.
func (r branchRule) matches(branch string) bool {
	if !strings.Contains(r.Name, "*") {
		return r.Name == branch
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(r.Name), `\*`, `.*`)
	return regexp.MustCompile(`(?s)\A` + pattern + `\z`).MatchString(branch)
}

// covering are the rules of a ref and who they let through together: of several the most permissive counts.
type covering struct {
	rules             []branchRule
	push, merge       []accessEntry // those that grant
	force             []string      // rules that allow it
	pushTold, forTold bool
	mergeTold         bool
}

func cover(ref string, rules []branchRule) covering {
	c := covering{pushTold: true, mergeTold: true, forTold: true}
	for _, r := range rules {
		if !r.matches(strings.TrimPrefix(ref, branchRef(""))) {
			continue
		}
		c.rules = append(c.rules, r)
		c.push, c.merge = append(c.push, granting(r.Push)...), append(c.merge, granting(r.Merge)...)
		c.pushTold, c.mergeTold, c.forTold = c.pushTold && r.Push != nil, c.mergeTold && r.Merge != nil, c.forTold && r.Force != nil
		if r.Force != nil && *r.Force {
			c.force = append(c.force, r.called())
		}
	}
	return c
}

func granting(entries []accessEntry) []accessEntry {
	return slices.DeleteFunc(slices.Clone(entries), func(a accessEntry) bool { return !a.grants() })
}

func (r branchRule) called() string {
	if r.Inherited {
		return fmt.Sprintf("rule %q of the group", r.Name)
	}
	return fmt.Sprintf("rule %q", r.Name)
}

func (c covering) called() string {
	var names []string
	for _, r := range c.rules {
		names = append(names, r.called())
	}
	return strings.Join(names, ", ")
}

func whoIn(entries []accessEntry) string {
	var names []string
	for _, a := range entries {
		if name := a.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// stageRails judges a branch that changes come to by merge requests alone.
func stageRails(ref string, rules []branchRule) []schema.GuardRail {
	c := cover(ref, rules)
	if len(c.rules) == 0 {
		return []schema.GuardRail{
			rail(schema.RailProtected, ref, schema.GuardFail, "branch-unprotected", "no rule covers it"),
			rail(schema.RailNoPush, ref, schema.GuardFail, "branch-unprotected", "no rule covers it: Developers may push"),
			rail(schema.RailNoForcePush, ref, schema.GuardFail, "branch-unprotected", "no rule covers it: Developers may rewrite it"),
		}
	}
	out := []schema.GuardRail{rail(schema.RailProtected, ref, schema.GuardOK, "", "by %s", c.called()), c.noPush(ref), c.noForcePush(ref)}
	switch {
	case !c.mergeTold:
		out = append(out, rail(schema.RailMerge, ref, schema.GuardUnknown, "guardrail-unread", "the forge does not say who may merge"))
	default:
		out = append(out, heldRail(schema.RailMerge, ref, len(c.merge)+len(c.push) > 0, schema.GuardWarn, "branch-merge-closed", "%s", orNobody(whoIn(append(c.merge, c.push...)), "may merge")))
	}
	return out
}

func orNobody(who, may string) string {
	if who == "" {
		who = "nobody"
	}
	return who + " " + may
}

func (c covering) noPush(ref string) schema.GuardRail {
	if !c.pushTold {
		return rail(schema.RailNoPush, ref, schema.GuardUnknown, "guardrail-unread", "the forge does not say who may push")
	}
	return heldRail(schema.RailNoPush, ref, len(c.push) == 0, schema.GuardWarn, "branch-push-open", "%s", orNobody(whoIn(c.push), "may push past merge requests"))
}

func (c covering) noForcePush(ref string) schema.GuardRail {
	if !c.forTold {
		return rail(schema.RailNoForcePush, ref, schema.GuardUnknown, "guardrail-unread", "the forge does not say who may rewrite it")
	}
	if len(c.force) > 0 {
		return rail(schema.RailNoForcePush, ref, schema.GuardFail, "branch-force-push", "force-push is allowed by %s", strings.Join(c.force, ", "))
	}
	return rail(schema.RailNoForcePush, ref, schema.GuardOK, "", "force-push is off")
}

// branches reads the rules of the project once and judges every branch by them.
func (l *guardLook) branches(ctx context.Context, refs []schema.GuardedRef) error {
	ask := request{doing: "read the protected branches", path: fmt.Sprintf("projects/%d/protected_branches", l.id)}
	var pages list
	err := l.c.steadily(ctx, func() (err error) {
		pages, err = l.c.list(ctx, ask, false)
		return err
	})
	if errors.Is(err, ErrMissing) || errors.Is(err, ErrForbidden) || err != nil && l.tolerant {
		for _, g := range refs {
			if err := l.unread(err, unreadRails(g)...); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	rules, err := l.c.branchRules(ask, pages)
	if err != nil {
		return err
	}
	for _, page := range pages.pages {
		l.out.Raw = append(l.out.Raw, page.raw())
	}
	var own *pusher
	for _, g := range refs {
		if g.Use == schema.UseStage {
			l.add(stageRails(g.Ref, rules)...)
			continue
		}
		if own == nil {
			own = l.pusher(ctx)
		}
		l.add(ownRails(g, rules, *own)...)
	}
	return nil
}

func unreadRails(g schema.GuardedRef) []schema.GuardRail {
	names := []string{schema.RailProtected, schema.RailNoPush, schema.RailNoForcePush, schema.RailMerge}
	switch g.Use {
	case schema.UseLedger:
		names = []string{schema.RailProtected, schema.RailNoForcePush, schema.RailLedgerPush}
	case schema.UsePromotion:
		names = []string{schema.RailPromotionUse}
	}
	var out []schema.GuardRail
	for _, name := range names {
		out = append(out, schema.GuardRail{Name: name, Subject: g.Ref})
	}
	return out
}

func (c *Client) branchRules(ask request, l list) ([]branchRule, error) {
	rules := []branchRule{}
	for i, row := range l.rows {
		var r branchRule
		if err := json.Unmarshal(row, &r); err != nil || r.Name == "" {
			e := c.incomplete(ask.doing, l.pages[0], ErrIncomplete, "row %d is not a rule", i+1)
			e.Err = err
			return nil, e
		}
		rules = append(rules, r)
	}
	return rules, nil
}
