package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// trustChange is one difference between two versions of the trust, in words.
type trustChange struct {
	Sign string `json:"sign"`           // + added, - gone, ~ changed
	What string `json:"what"`           // person, key, root, threshold, expiry, log key
	Name string `json:"name,omitempty"` // of a person or a key's file
	Text string `json:"text"`
}

// trustChanges says everything that differs between two versions of the trust. Nothing is left out: it is what a root reads
// before signing.
func trustChanges(old, next schema.Trust) []trustChange {
	out := rootChanges(old.Root, next.Root)
	out = append(out, peopleChanges(old, next)...)
	out = append(out, keyChanges("key", old.Keys, next.Keys)...)
	return append(out, keyChanges("forge key", old.ForgeKeys, next.ForgeKeys)...)
}

func rootChanges(old, next schema.Root) []trustChange {
	var out []trustChange
	add := func(sign, what, name, format string, args ...any) {
		out = append(out, trustChange{sign, what, name, fmt.Sprintf(format, args...)})
	}
	first := old.Version == 0
	switch {
	case first:
		add("+", "project", "", "%s", next.Project)
		add("+", "expiry", "", "%s", day(next.ExpiresAt))
	case old.Project != next.Project:
		add("~", "project", "", "%s, was %s", next.Project, old.Project)
	}
	if !first && !old.ExpiresAt.Equal(next.ExpiresAt) {
		add("~", "expiry", "", "%s, was %s", day(next.ExpiresAt), day(old.ExpiresAt))
	}
	changed := "~"
	if first {
		changed = "+"
	}
	if old.Threshold != next.Threshold {
		add(changed, "threshold", "", "%s of the trust directory", thresholdText(old.Threshold, next.Threshold, "root"))
	}
	if old.Admin != next.Admin {
		add(changed, "threshold", "", "%s of the other control files", thresholdText(old.Admin, next.Admin, "admin"))
	}
	for _, id := range next.Roots {
		if !slices.Contains(old.Roots, id) {
			add("+", "root", id, "signs changes of the trust directory")
		}
	}
	for _, id := range old.Roots {
		if !slices.Contains(next.Roots, id) {
			add("-", "root", id, "signs no changes of the trust directory any more")
		}
	}
	for _, line := range next.LogKeys {
		if !hasLine(old.LogKeys, line) {
			add("+", "log key", "", "%s signs the ledger", fingerprintOf(sshKeyLine(line)))
		}
	}
	for _, line := range old.LogKeys {
		if !hasLine(next.LogKeys, line) {
			add("-", "log key", "", "%s signs the ledger no more", fingerprintOf(sshKeyLine(line)))
		}
	}
	return append(out, witnessChanges(old.Witnesses, next.Witnesses)...)
}

func witnessChanges(old, next schema.Witnesses) []trustChange {
	var out []trustChange
	for _, text := range gainedAndLost(old.Keys, next.Keys, func(key string) string { return schema.Printable(key) }) {
		sign, name := "+", strings.TrimPrefix(text, "gains ")
		if lost, ok := strings.CutPrefix(text, "loses "); ok {
			sign, name = "-", lost
		}
		out = append(out, trustChange{sign, "witness", "", name})
	}
	if old.Quorum != next.Quorum {
		out = append(out, trustChange{"~", "witness", "", fmt.Sprintf("%d → %d have to cosign the ledger", old.Quorum, next.Quorum)})
	}
	return out
}

func thresholdText(old, next int, who string) string {
	text := count(int64(next), who+" signs a change", who+"s sign a change")
	if old > 0 {
		text = fmt.Sprintf("%d → %s", old, text)
	}
	return text
}

func sshKeyLine(line string) schema.Key {
	return schema.Key{Format: schema.SSHKey, Data: []byte(line)}
}

func hasLine(lines []string, line string) bool {
	return slices.ContainsFunc(lines, func(other string) bool { return fingerprintOf(sshKeyLine(other)) == fingerprintOf(sshKeyLine(line)) })
}

// fingerprintOf names a key; one that cannot be read is named so.
func fingerprintOf(key schema.Key) string {
	info, err := signing.Describe(key)
	if info.Fingerprint == "" && err != nil {
		return "(not readable)"
	}
	return info.Fingerprint
}

func peopleChanges(old, next schema.Trust) []trustChange {
	var out []trustChange
	for _, p := range next.Principals {
		before, known := old.Principal(p.ID)
		switch {
		case !known:
			out = append(out, trustChange{"+", "person", p.ID, personText(p)})
		default:
			for _, text := range personChanges(before, p) {
				out = append(out, trustChange{"~", "person", p.ID, text})
			}
		}
	}
	for _, p := range old.Principals {
		if _, stays := next.Principal(p.ID); !stays {
			out = append(out, trustChange{"-", "person", p.ID, "had " + rolesText(p.Roles)})
		}
	}
	return out
}

func personChanges(old, next schema.Principal) []string {
	var out []string
	if old.Name != next.Name {
		out = append(out, fmt.Sprintf("name %q, was %q", schema.Printable(next.Name), schema.Printable(old.Name)))
	}
	out = append(out, gainedAndLost(old.Roles, next.Roles, func(r schema.Role) string { return "role " + roleText(r) })...)
	out = append(out, gainedAndLost(old.Forge, next.Forge, func(f schema.ForgeAccount) string { return "account " + accountText(f) })...)
	return append(out, gainedAndLost(old.Emails, next.Emails, func(e string) string { return "address " + schema.Printable(e) })...)
}

func gainedAndLost[T any](old, next []T, text func(T) string) []string {
	before, after := texts(old, text), texts(next, text)
	var out []string
	for _, t := range after {
		if !slices.Contains(before, t) {
			out = append(out, "gains "+t)
		}
	}
	for _, t := range before {
		if !slices.Contains(after, t) {
			out = append(out, "loses "+t)
		}
	}
	return out
}

func texts[T any](items []T, text func(T) string) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = text(item)
	}
	return out
}

func keyChanges(what string, old, next []schema.Key) []trustChange {
	var out []trustChange
	for _, k := range next {
		before, known := keyAt(old, k.Path)
		switch {
		case !known:
			out = append(out, trustChange{"+", what, k.Path, keyText(k)})
		case !bytes.Equal(before.Data, k.Data):
			out = append(out, trustChange{"~", what, k.Path, "another key: " + keyText(k) + "; was " + fingerprintOf(before)})
		case limitsText(before) != limitsText(k):
			out = append(out, trustChange{"~", what, k.Path, orText(limitsText(k), "no limits") + "; was " + orText(limitsText(before), "without limits")})
		}
	}
	for _, k := range old {
		if _, stays := keyAt(next, k.Path); !stays {
			out = append(out, trustChange{"-", what, k.Path, fingerprintOf(k)})
		}
	}
	return out
}

func orText(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

func keyAt(keys []schema.Key, path string) (schema.Key, bool) {
	for _, k := range keys {
		if k.Path == path {
			return k, true
		}
	}
	return schema.Key{}, false
}
