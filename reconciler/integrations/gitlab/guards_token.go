package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

const expirySoon = 14 * 24 * time.Hour

// token reads what the token says of itself. An expired one does not get this far: GitLab refuses it.
func (l *guardLook) token(ctx context.Context, _ []schema.GuardedRef) error {
	ask := request{doing: "read what the token may", path: "personal_access_tokens/self"}
	var t struct {
		Scopes  []string `json:"scopes"`
		Expires *string  `json:"expires_at"` // a date: its beginning, in UTC, is the end
		Active  *bool    `json:"active"`
	}
	a, err := l.c.ask(ctx, ask)
	if err == nil {
		err = l.c.decode(ask.doing, a, &t)
	}
	if err != nil {
		return l.unread(err, schema.GuardRail{Name: schema.RailTokenScope}, schema.GuardRail{Name: schema.RailTokenExpiry})
	}
	l.add(scopeRail(t.Scopes, l.c.cfg.enoughScopes()), expiryRail(t.Expires, t.Active, l.c.cfg.Now()))
	return nil
}

// enoughScopes are those that sluice uses of this token.
func (cfg Config) enoughScopes() []string {
	switch {
	case cfg.Writes:
		return []string{"api"} // it includes the others
	case cfg.Pushes:
		return []string{"read_api", "write_repository"}
	}
	return []string{"read_api"}
}

func scopeRail(have, enough []string) schema.GuardRail {
	all := fmt.Sprintf("%s; enough: %s", orNone(have), strings.Join(enough, ", "))
	covered := func(scope string) bool {
		return slices.Contains(have, scope) || slices.Contains(have, "api")
	}
	for _, scope := range enough {
		if !covered(scope) {
			return rail(schema.RailTokenScope, "", schema.GuardFail, "token-underscoped", "%s", all)
		}
	}
	// What another scope of the list includes is no more than enough.
	harmless := append([]string{"read_api", "read_repository", "read_user"}, enough...)
	if covered("api") && slices.Contains(enough, "api") {
		harmless = append(harmless, "write_repository")
	}
	for _, scope := range have {
		if !slices.Contains(harmless, scope) {
			return rail(schema.RailTokenScope, "", schema.GuardWarn, "token-overscoped", "%s", all)
		}
	}
	return rail(schema.RailTokenScope, "", schema.GuardOK, "", "%s", strings.Join(have, ", "))
}

func orNone(scopes []string) string {
	if len(scopes) == 0 {
		return "no scope"
	}
	return strings.Join(scopes, ", ")
}

func expiryRail(expires *string, active *bool, now time.Time) schema.GuardRail {
	if active != nil && !*active {
		return rail(schema.RailTokenExpiry, "", schema.GuardFail, "token-expiring", "it is not active any more")
	}
	if expires == nil {
		return rail(schema.RailTokenExpiry, "", schema.GuardOK, "", "it has no end")
	}
	end, err := time.Parse(time.DateOnly, *expires)
	days := int(end.Sub(now).Hours() / 24)
	switch {
	case err != nil:
		return rail(schema.RailTokenExpiry, "", schema.GuardUnknown, "guardrail-unread", "it ends %q", *expires)
	case !now.Before(end):
		return rail(schema.RailTokenExpiry, "", schema.GuardFail, "token-expiring", "it ended on %s", *expires)
	case end.Sub(now) <= expirySoon:
		return rail(schema.RailTokenExpiry, "", schema.GuardWarn, "token-expiring", "on %s, in %s", *expires, plural(days, "day"))
	}
	return rail(schema.RailTokenExpiry, "", schema.GuardOK, "", "it ends on %s", *expires)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// hook is what we read of a webhook. Its address may hold a secret of its receiver's, so no more than the host is told.
type hook struct {
	ID          int64   `json:"id"`
	URL         string  `json:"url"`
	Alert       string  `json:"alert_status"`
	Until       *string `json:"disabled_until"`
	Verifies    *bool   `json:"enable_ssl_verification"`
	HasToken    *bool   `json:"token_present"` // newer versions tell
	HasSigning  *bool   `json:"signing_token_present"`
	OnPush      bool    `json:"push_events"`
	OnMergeable bool    `json:"merge_requests_events"`
}

const maxHookRails = 10

// hooks reads the webhooks that tell of pushes or merge requests. Without any sluice looks at Git every interval, as it does
// beside them.
func (l *guardLook) hooks(ctx context.Context, _ []schema.GuardedRef) error {
	ask := request{doing: "read the webhooks", path: fmt.Sprintf("projects/%d/hooks", l.id)}
	pages, err := l.c.list(ctx, ask, false)
	if err != nil {
		return l.unread(err, schema.GuardRail{Name: schema.RailHook})
	}
	told := 0
	for _, row := range pages.rows {
		var h hook
		if err := json.Unmarshal(row, &h); err != nil {
			return l.unread(l.c.incomplete(ask.doing, pages.pages[0], ErrIncomplete, "a row is not a webhook"), schema.GuardRail{Name: schema.RailHook})
		}
		if (h.OnPush || h.OnMergeable) && told < maxHookRails {
			told++
			l.add(h.rail())
		}
	}
	if told == 0 {
		l.add(rail(schema.RailHook, "", schema.GuardOK, "", "none; sluice looks at Git every interval"))
	}
	return nil
}

func (h hook) rail() schema.GuardRail {
	subject := fmt.Sprintf("hook %d", h.ID)
	place := "an address that is none"
	plain := false
	if u, err := url.Parse(h.URL); err == nil && u.Host != "" {
		place, plain = u.Host, u.Scheme == "http" && !loopback(u.Hostname())
	}
	no := func(b *bool) bool { return b != nil && !*b }
	switch {
	case h.Alert == "":
		return rail(schema.RailHook, subject, schema.GuardUnknown, "guardrail-unread", "to %s: the forge does not say how it fares", place)
	case h.Alert != "executable" && h.Until != nil:
		return rail(schema.RailHook, subject, schema.GuardWarn, "hook-failing", "to %s: %s until %s", place, h.Alert, *h.Until)
	case h.Alert != "executable":
		return rail(schema.RailHook, subject, schema.GuardFail, "hook-failing", "to %s: %s", place, h.Alert)
	case plain || no(h.Verifies):
		return rail(schema.RailHook, subject, schema.GuardWarn, "hook-weak", "to %s: the certificate is not checked", place)
	case no(h.HasToken) && no(h.HasSigning):
		return rail(schema.RailHook, subject, schema.GuardWarn, "hook-weak", "to %s: it has no secret", place)
	}
	return rail(schema.RailHook, subject, schema.GuardOK, "", "to %s: %s", place, h.events())
}

func (h hook) events() string {
	switch {
	case h.OnPush && h.OnMergeable:
		return "pushes and merge requests"
	case h.OnPush:
		return "pushes alone"
	}
	return "merge requests alone"
}
