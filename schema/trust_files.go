package schema

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Files writes a trust version as the files of its directory, by path relative to .sluice/trust, without the signatures over
// root.yaml. The bytes are the same for equal versions, and [LoadTrust] reads them back; root.yaml gets the digest of the rest.
func (t Trust) Files() map[string][]byte {
	files := map[string][]byte{PrincipalsFile: encodePrincipals(t.Principals)}
	for _, k := range t.ForgeKeys {
		files[k.Path] = k.Data
	}
	for _, k := range t.Keys {
		files[k.Path] = k.Data
		if side := encodeKey(k); side != nil {
			name, _ := cutAny(k.Path, ".pub", ".asc")
			files[name+".yaml"] = side
		}
		if k.Proof != nil {
			files[proofFile(k.Path)] = k.Proof.Encode()
		}
	}
	root := t.Root
	if digest, err := TrustFilesDigest(files); err == nil { // paths of a map are unique
		root.Files = digest
	}
	files[RootFile] = EncodeRoot(root)
	return files
}

// SignatureFile is where a root's detached signature over root.yaml's bytes belongs, relative to the trust directory.
func SignatureFile(person string, format KeyFormat) string {
	if format == OpenPGPKey {
		return rootSigDir + person + ".asc"
	}
	return rootSigDir + person + ".sig"
}

// lines writes "key: value" lines with their comments in one column.
type lines struct{ bytes.Buffer }

func (l *lines) put(text, comment string) {
	if comment == "" {
		fmt.Fprintln(l, text)
		return
	}
	fmt.Fprintf(l, "%-40s # %s\n", text, comment)
}

// EncodeRoot writes root.yaml: the bytes that the roots sign.
func EncodeRoot(root Root) []byte {
	var l lines
	l.put("# Who may change what, signed by the roots below. schema/FORMAT.md explains every line.", "")
	l.put(fmt.Sprintf("version: %d", root.Version), "each change is one more")
	if root.Prev != "" {
		l.put("prev: "+string(root.Prev), "sha256 of the root.yaml before")
	}
	l.put("project: "+quote(root.Project), "random; names the project in every signed statement")
	l.put("created_at: "+stamp(root.CreatedAt), "")
	l.put("expires_at: "+stamp(root.ExpiresAt), "afterwards nothing new is admitted until it is renewed")
	l.put(fmt.Sprintf("threshold: %d", root.Threshold), "roots that have to sign a change of this directory")
	l.put(fmt.Sprintf("admin: %d", root.Admin), "admins that have to sign a change of the other control files")
	l.put("roots: ["+strings.Join(quoteAll(root.Roots), ", ")+"]", "")
	l.put("log_keys:", "public keys of the reconciler's ledger")
	for _, key := range root.LogKeys {
		l.put("  - "+quote(key), "")
	}
	if len(root.Witnesses.Keys) > 0 {
		l.put("witnesses:", "cosign the ledger from outside")
		l.put(fmt.Sprintf("  quorum: %d", root.Witnesses.Quorum), "how many have to")
		l.put("  keys:", "")
	}
	for _, key := range root.Witnesses.Keys {
		l.put("    - "+quote(key), "")
	}
	l.put("files: "+string(root.Files), "digest of the rest of this directory")
	return l.Bytes()
}

func encodePrincipals(people []Principal) []byte {
	var l lines
	l.put("# People and robots. Keys are in keys/<id>/. Roles: root, admin, author, approver:<stage>, release, bot.", "")
	if len(people) == 0 {
		l.put("principals: {}", "")
		return l.Bytes()
	}
	l.put("principals:", "")
	sorted := slices.Clone(people)
	slices.SortFunc(sorted, func(a, b Principal) int { return strings.Compare(a.ID, b.ID) })
	for _, p := range sorted {
		l.principal(p)
	}
	return l.Bytes()
}

func (l *lines) principal(p Principal) {
	if p.Name == "" && len(p.Roles)+len(p.Forge)+len(p.Emails) == 0 {
		l.put("  "+quote(p.ID)+": {}", "")
		return
	}
	l.put("  "+quote(p.ID)+":", "")
	if p.Name != "" {
		l.put("    name: "+quote(p.Name), "")
	}
	if len(p.Roles) > 0 {
		l.put("    roles:", "what this person may do")
	}
	for _, role := range p.Roles {
		l.put("      - "+role.encode(), "")
	}
	if len(p.Forge) > 0 {
		l.put("    forge:", "accounts by number: names can be given to somebody else")
	}
	for _, f := range p.Forge {
		l.put(fmt.Sprintf("      - {host: %s, user_id: %d}", quote(f.Host), f.UserID), "")
	}
	if len(p.Emails) > 0 {
		l.put("    emails:", "only ever exclude an approver; they prove nothing")
	}
	for _, e := range p.Emails {
		l.put("      - "+quote(e), "")
	}
}

// String writes the role as principals.yaml does: "approver:production".
func (r Role) String() string {
	if r.Stage == "" {
		return string(r.Name)
	}
	return string(r.Name) + ":" + string(r.Stage)
}

func (r Role) encode() string {
	if len(r.Apps) == 0 {
		return r.String()
	}
	return "{role: " + quote(r.String()) + ", apps: [" + strings.Join(quoteAll(r.Apps), ", ") + "]}"
}

// encodeKey writes the file beside a key; nil for a key without limits.
func encodeKey(k Key) []byte {
	var l lines
	if len(k.Usages) > 0 {
		usages := make([]string, len(k.Usages))
		for i, u := range k.Usages {
			usages[i] = string(u)
		}
		l.put("usages: ["+strings.Join(usages, ", ")+"]", "what the key may sign")
	}
	if !k.ValidFrom.IsZero() {
		l.put("valid_from: "+stamp(k.ValidFrom), "")
	}
	if !k.ValidUntil.IsZero() {
		l.put("valid_until: "+stamp(k.ValidUntil), "when what it signed has to be accepted by")
	}
	if k.Revoked != nil {
		l.put("revoked:", "")
		l.put("  reason: "+k.Revoked.Reason, "superseded, retired or compromised")
		l.put("  at: "+stamp(k.Revoked.At), "")
		if k.Revoked.DistrustAfterEntry > 0 {
			l.put(fmt.Sprintf("  distrust_after_entry: %d", k.Revoked.DistrustAfterEntry), "later ledger entries that rest on the key are tainted")
		}
	}
	if l.Len() == 0 {
		return nil
	}
	return l.Bytes()
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func quoteAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = quote(text)
	}
	return out
}

// quote writes text so that YAML reads exactly it: in double quotes unless it is a plain word.
func quote(text string) string {
	plain := text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./@+", r)
	})
	first := strings.Trim(text[:min(1, len(text))], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	if kind, _ := plainScalar(text); plain && first && kind == stringValue {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
