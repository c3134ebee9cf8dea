package gitlab

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// The roles of GitLab that rules name.
const (
	developer  = 30
	maintainer = 40
	admin      = 60
)

// pusher is the user that the reconciler pushes as.
type pusher struct {
	id    int64
	name  string
	level int
	why   string // it is not known who that is
}

// pusher finds out who the reconciler's token is and which role it has. Over SSH, or with a token that may not ask, nobody
// can tell.
func (l *guardLook) pusher(ctx context.Context) *pusher {
	if !l.c.cfg.Pushes {
		return &pusher{why: "sluice pushes as another user than it asks as"}
	}
	var who struct {
		ID       int64  `json:"id"`
		Username string `json:"username"`
		Admin    bool   `json:"is_admin"`
	}
	a, err := l.c.ask(ctx, request{doing: "read whose the token is", path: "user"})
	if err == nil {
		err = l.c.decode("read whose the token is", a, &who)
	}
	if err != nil {
		return &pusher{why: unseen(err)}
	}
	p := &pusher{id: who.ID, name: who.Username}
	if who.Admin {
		p.level = admin
		return p
	}
	var member struct {
		Level int `json:"access_level"`
	}
	if _, err := l.below(ctx, "read the token's role", fmt.Sprintf("members/all/%d", who.ID), &member); err != nil {
		p.why = unseen(err)
	}
	p.level = member.Level
	return p
}

// may says whether the rules let the user push; known is false where a group might.
func (p pusher) may(c covering) (may, known bool) {
	if len(c.rules) == 0 {
		return p.level >= developer, p.why == ""
	}
	group := false
	for _, a := range c.push {
		role := a.role()
		if a.User != nil && *a.User == p.id && p.id != 0 || role > 0 && p.level >= role {
			return true, p.why == ""
		}
		group = group || a.Group != nil || a.Level == nil && a.User == nil && a.DeployKey == nil
	}
	return false, p.why == "" && !group
}

// ownRails judges a branch that the reconciler itself pushes to.
func ownRails(g schema.GuardedRef, rules []branchRule, own pusher) []schema.GuardRail {
	c := cover(g.Ref, rules)
	name := schema.RailLedgerPush
	if g.Use == schema.UsePromotion {
		name = schema.RailPromotionUse
	}
	out := []schema.GuardRail{}
	if g.Use == schema.UseLedger {
		switch len(c.rules) {
		case 0:
			out = append(out, rail(schema.RailProtected, g.Ref, schema.GuardFail, "ledger-push-open", "no rule covers it"),
				rail(schema.RailNoForcePush, g.Ref, schema.GuardFail, "ledger-push-open", "no rule covers it: Developers may rewrite it"))
		default:
			out = append(out, rail(schema.RailProtected, g.Ref, schema.GuardOK, "", "by %s", c.called()), c.noForcePush(g.Ref))
		}
	}
	return append(out, own.rail(name, g, c))
}

func (p pusher) rail(name string, g schema.GuardedRef, c covering) schema.GuardRail {
	may, known := p.may(c)
	switch {
	case !c.pushTold:
		return rail(name, g.Ref, schema.GuardUnknown, "guardrail-unread", "the forge does not say who may push")
	case !known && p.why != "":
		return rail(name, g.Ref, schema.GuardUnknown, "guardrail-unread", "%s: %s", orNobody(p.others(c), "may push"), p.why)
	case !known:
		return rail(name, g.Ref, schema.GuardUnknown, "guardrail-unread", "%s; whether %s is among them is not told", orNobody(p.others(c), "may push"), p.name)
	case !may:
		return rail(name, g.Ref, schema.GuardFail, "branch-push-closed", "%s may not, %s", p.name, orNobody(p.others(c), "may push"))
	case g.Use == schema.UseLedger && p.open(c):
		return rail(name, g.Ref, schema.GuardWarn, "ledger-push-open", "%s may push", p.others(c))
	}
	return rail(name, g.Ref, schema.GuardOK, "", "%s may push", p.name)
}

// others names who may push.
func (p pusher) others(c covering) string {
	if len(c.rules) == 0 {
		return "Developers"
	}
	return whoIn(c.push)
}

// open reports whether more than the reconciler and the project's maintainers may push: those can change the rule anyway.
func (p pusher) open(c covering) bool {
	return len(c.rules) == 0 || slices.ContainsFunc(c.push, func(a accessEntry) bool {
		switch {
		case a.User != nil:
			return *a.User != p.id
		case a.role() >= maintainer:
			return false
		}
		return true
	})
}
