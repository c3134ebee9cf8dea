package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// expirySoon is when to begin to warn that the trust root runs out.
const expirySoon = 30 * 24 * time.Hour

// shownTrust is one version as show prints it.
type shownTrust struct {
	Version   int           `json:"version"`
	Source    string        `json:"source"`
	Project   string        `json:"project"`
	Digest    schema.Digest `json:"digest"` // of root.yaml; of version 1 it is the anchor
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt time.Time     `json:"expires_at"`
	Warnings  []string      `json:"warnings,omitempty"`
	Threshold int           `json:"threshold"`
	Admin     int           `json:"admin"`
	Roots     []string      `json:"roots"`
	LogKeys   []string      `json:"log_keys"`
	ForgeKeys []shownKey    `json:"forge_keys,omitempty"`
	Witnesses []string      `json:"witnesses,omitempty"`
	Quorum    int           `json:"quorum,omitempty"` // of the witnesses
	People    []shownPerson `json:"people"`
	Pending   *trustReport  `json:"pending,omitempty"`
}

type shownPerson struct {
	ID       string     `json:"id"`
	Name     string     `json:"name,omitempty"`
	Roles    []string   `json:"roles"`
	Accounts []string   `json:"accounts,omitempty"`
	Emails   []string   `json:"emails,omitempty"`
	Keys     []shownKey `json:"keys"`
}

type shownKey struct {
	Path        string `json:"path"`
	Fingerprint string `json:"fingerprint,omitempty"`
	Algorithm   string `json:"algorithm,omitempty"`
	Limits      string `json:"limits,omitempty"`
	Counts      bool   `json:"counts"` // now
	Problem     string `json:"problem,omitempty"`
}

func (a *app) trustShowCommand(shared *trustFlags) *cobra.Command {
	var pending bool
	c := &cobra.Command{
		Use: "show", Short: "Show people, roles, keys and thresholds", Args: cobra.NoArgs,
		Long: `show prints the version in force: by the ledger of this clone, else on the default branch. It says which keys count now, when
the trust root runs out, and what a version that the checkout prepares would change.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.trustShow(c.Context(), *shared, pending) },
	}
	c.Flags().BoolVar(&pending, "pending", false, "show the version that the checkout prepares, and not the one in force")
	return c
}

func (a *app) trustShow(ctx context.Context, f trustFlags, wantPending bool) error {
	d, err := a.openTrust(ctx, f)
	if err != nil {
		return err
	}
	here := d.exists()
	if d.force == nil && here != nil {
		return here
	}
	var next *signing.TrustVersion
	if here == nil {
		if next, err = d.pending(); err != nil && (wantPending || d.force == nil) {
			return err
		}
	}
	if wantPending && next == nil {
		return &failure{code: exitUsage, err: fmt.Errorf("the checkout prepares no version: it has version %d, which is in force", d.inForce().Root.Version), hint: "sluice trust add and the like prepare one"}
	}
	shown := d.shown(next, wantPending)
	if err != nil {
		shown.Warnings = append(shown.Warnings, "the checkout's trust directory is not a next version: "+firstLine(err.Error()))
	}
	if a.json() {
		return a.encode(shown)
	}
	_, err = fmt.Fprint(a.out, shown.text())
	return err
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// shown chooses the version in force, or the pending one where that is asked for or is all there is.
func (d *trustDesk) shown(next *signing.TrustVersion, wantPending bool) shownTrust {
	var report *trustReport
	if next != nil {
		r := d.report(*next)
		report = &r
	}
	if wantPending || d.force == nil {
		out := showTrust(next.Trust, "prepared in the checkout", now())
		if d.force == nil {
			out.Source = "not in force yet"
		}
		out.Pending = report
		return out
	}
	out := showTrust(d.force.Trust, "in force "+d.source, now())
	if !d.sealed {
		out.Source = "as it is " + d.source
		out.Warnings = append(out.Warnings, "no ledger in this clone says that it is in force: whoever may push could have written it; git fetch origin, or sluice trust verify REV --anchor DIGEST")
	}
	out.Pending = report
	return out
}

// showTrust describes a version at a time.
func showTrust(t schema.Trust, source string, at time.Time) shownTrust {
	out := shownTrust{
		Version: t.Root.Version, Source: source, Project: t.Root.Project, Digest: t.RootDigest, CreatedAt: t.Root.CreatedAt, ExpiresAt: t.Root.ExpiresAt,
		Threshold: t.Root.Threshold, Admin: t.Root.Admin, Roots: t.Root.Roots, People: []shownPerson{},
		LogKeys:   texts(t.Root.LogKeys, func(line string) string { return fingerprintOf(sshKeyLine(line)) }),
		Witnesses: t.Root.Witnesses.Keys, Quorum: t.Root.Witnesses.Quorum,
	}
	for _, k := range t.ForgeKeys {
		info, problem := keyInfoOf(k)
		out.ForgeKeys = append(out.ForgeKeys, shownKey{Path: k.Path, Fingerprint: info.Fingerprint, Algorithm: info.Algorithm, Problem: problem})
	}
	switch left := t.Root.ExpiresAt.Sub(at); {
	case t.Expired(at):
		out.Warnings = append(out.Warnings, "it has run out: nothing new is admitted until a new version is in force; sluice trust renew [root-expired]")
	case left < expirySoon:
		out.Warnings = append(out.Warnings, "it runs out in "+count(int64(left/(24*time.Hour)), "day", "days")+"; sluice trust renew")
	}
	for _, p := range t.Principals {
		out.People = append(out.People, showPerson(t, p, at))
	}
	return out
}

func showPerson(t schema.Trust, p schema.Principal, at time.Time) shownPerson {
	out := shownPerson{ID: p.ID, Name: p.Name, Roles: texts(p.Roles, roleText), Accounts: texts(p.Forge, accountText), Emails: p.Emails, Keys: []shownKey{}}
	for _, k := range t.Keys {
		if k.Principal != p.ID {
			continue
		}
		info, problem := keyInfoOf(k)
		shown := shownKey{Path: k.Path, Fingerprint: info.Fingerprint, Algorithm: info.Algorithm, Limits: limitsText(k), Problem: problem}
		if problem == "" {
			if code := signing.KeyState(t, k, at); code != signing.CodeOK {
				shown.Problem = string(code)
			}
		}
		shown.Counts = shown.Problem == ""
		out.Keys = append(out.Keys, shown)
	}
	return out
}

func (s shownTrust) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "trust version %d, %s\n", s.Version, s.Source)
	fmt.Fprintf(&b, "  project   %s\n  digest    %s\n  made      %s\n  expires   %s\n", s.Project, s.Digest, day(s.CreatedAt), day(s.ExpiresAt))
	fmt.Fprintf(&b, "  roots     %s; %s a change of this directory\n", strings.Join(s.Roots, ", "), count(int64(s.Threshold), "of them signs", "of them sign"))
	fmt.Fprintf(&b, "  admins    %s; %s a change of the other control files\n", strings.Join(s.admins(), ", "), count(int64(s.Admin), "of them signs", "of them sign"))
	for _, key := range s.LogKeys {
		fmt.Fprintf(&b, "  log key   %s\n", key)
	}
	for _, key := range s.ForgeKeys {
		fmt.Fprintf(&b, "  forge     %s  %s %s, nobody's\n", key.Path, key.Algorithm, key.Fingerprint)
	}
	for _, key := range s.Witnesses {
		fmt.Fprintf(&b, "  witness   %s\n", schema.Printable(key))
	}
	if len(s.Witnesses) > 0 {
		fmt.Fprintf(&b, "            %s the ledger\n", count(int64(s.Quorum), "of them has to cosign", "of them have to cosign"))
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", schema.Printable(w))
	}
	for _, p := range s.People {
		b.WriteString(p.text())
	}
	if s.Pending != nil {
		b.WriteString("\nprepared in the checkout: " + s.Pending.text())
	}
	return b.String()
}

func (s shownTrust) admins() []string {
	var out []string
	for _, p := range s.People {
		if slices.Contains(p.Roles, string(schema.RoleAdmin)) {
			out = append(out, p.ID)
		}
	}
	return out
}

func (p shownPerson) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(p.ID+"  "+schema.Printable(p.Name)))
	fmt.Fprintf(&b, "  roles     %s\n", orText(strings.Join(p.Roles, ", "), "none"))
	for _, account := range p.Accounts {
		fmt.Fprintf(&b, "  account   %s\n", account)
	}
	for _, email := range p.Emails {
		fmt.Fprintf(&b, "  address   %s\n", schema.Printable(email))
	}
	for _, k := range p.Keys {
		fmt.Fprintf(&b, "  key       %s  %s %s\n", k.Path, k.Algorithm, k.Fingerprint)
		if k.Limits != "" {
			fmt.Fprintf(&b, "            %s\n", k.Limits)
		}
		if k.Problem != "" {
			fmt.Fprintf(&b, "            does not count now: %s\n", schema.Printable(k.Problem))
		}
	}
	if len(p.Keys) == 0 {
		b.WriteString("  key       none\n")
	}
	return b.String()
}

// keyInfoOf is what a key says of itself, with why it is not usable.
func keyInfoOf(k schema.Key) (info signing.KeyInfo, problem string) {
	info, err := signing.Describe(k)
	if err != nil {
		problem = err.Error()
	}
	return info, problem
}
