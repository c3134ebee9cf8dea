package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func personText(p schema.Principal) string {
	var parts []string
	if p.Name != "" {
		parts = append(parts, schema.Printable(p.Name))
	}
	parts = append(parts, rolesText(p.Roles))
	for _, f := range p.Forge {
		parts = append(parts, accountText(f))
	}
	for _, e := range p.Emails {
		parts = append(parts, schema.Printable(e))
	}
	return strings.Join(parts, "; ")
}

func rolesText(roles []schema.Role) string {
	if len(roles) == 0 {
		return "no role"
	}
	texts := make([]string, len(roles))
	for i, r := range roles {
		texts[i] = roleText(r)
	}
	return strings.Join(texts, ", ")
}

func roleText(r schema.Role) string {
	if len(r.Apps) == 0 {
		return r.String()
	}
	return r.String() + " for " + schema.Printable(strings.Join(r.Apps, " and "))
}

func accountText(f schema.ForgeAccount) string { return fmt.Sprintf("%s user %d", f.Host, f.UserID) }

func keyText(k schema.Key) string {
	info, err := signing.Describe(k)
	if err != nil {
		return "not usable: " + err.Error()
	}
	text := info.Algorithm + " " + info.Fingerprint
	if limits := limitsText(k); limits != "" {
		text += "; " + limits
	}
	return text
}

// limitsText says what the file beside a key says.
func limitsText(k schema.Key) string {
	var parts []string
	if len(k.Usages) > 0 {
		parts = append(parts, "signs only "+strings.Join(texts(k.Usages, usageText), " and "))
	}
	if !k.ValidFrom.IsZero() {
		parts = append(parts, "from "+day(k.ValidFrom))
	}
	if !k.ValidUntil.IsZero() {
		parts = append(parts, "until "+day(k.ValidUntil))
	}
	if r := k.Revoked; r != nil {
		text := r.Reason + " at " + day(r.At)
		if r.Reason == "compromised" {
			text += fmt.Sprintf(", distrusted after entry %d", r.DistrustAfterEntry)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func usageText(u schema.KeyUsage) string {
	if u == schema.UsageRoot {
		return "trust versions"
	}
	return string(u) + "s"
}

// day writes a time for people, to the second, in UTC.
func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// parseTime reads an instant: RFC 3339, a date, or how long from now, as 90d or 12h. Empty is the zero time.
func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return seconds(at), nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return seconds(now().AddDate(0, 0, int(n))), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return seconds(now().Add(d)), nil
	}
	return time.Time{}, usageError(fmt.Errorf("%s %q: want a time (2026-12-31T12:00:00Z), a date, or how long from now (90d, 12h)", flag, text))
}

// seconds cuts a time as files of the trust directory write it.
func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
