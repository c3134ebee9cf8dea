package stories_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// trust opens a merge request with the next version of the trust directory, signed by some roots: "trust ann root=bob
// threshold=2 by=ann,bob". at=LABEL brings back the directory of an older commit, with the signatures it had.
func (w *world) trust(words []string) []string {
	author := w.team.Person(words[0])
	w.must(author.Fetch(w.ctx))
	have, err := author.Files(w.ctx, "origin/main", schema.TrustDir)
	w.must(err)
	var files map[string]string
	c := team.Commit{Files: map[string]string{}, Message: "trust: " + strings.Join(words[1:], " "), Start: "origin/main"}
	if label, ok := strings.CutPrefix(words[1], "at="); ok {
		files, err = author.Files(w.ctx, w.labels[label].String(), schema.TrustDir)
		w.must(err)
	} else {
		files = w.nextTrust(have, words[1:])
	}
	for path, data := range files {
		c.Files[schema.TrustDir+"/"+path] = data
	}
	for path := range have {
		if _, stays := files[path]; !stays {
			c.Remove = append(c.Remove, schema.TrustDir+"/"+path)
		}
	}
	slices.Sort(c.Remove)
	c.Unsigned = slices.Contains(words, "unsigned")
	if slices.Contains(words, "with-rules") {
		text, err := author.Read(w.ctx, "origin/main", "sluice.yaml")
		w.must(err)
		c.Files["sluice.yaml"] = text + "\n# with trust\n"
	}
	return w.proposeControl(author, c)
}

// cosign adds a root's signature to the version on the default branch, by a merge request of his own: "cosign bob".
func (w *world) cosign(words []string) []string {
	who := w.team.Person(words[0])
	w.must(who.Fetch(w.ctx))
	root, err := who.Read(w.ctx, "origin/main", schema.TrustDir+"/"+schema.RootFile)
	w.must(err)
	signature, err := w.signer(words[0]).Sign(signing.RootNamespace, []byte(root+"\n"))
	w.must(err)
	return w.proposeControl(who, team.Commit{
		Files:   map[string]string{schema.TrustDir + "/" + schema.SignatureFile(words[0], schema.SSHKey): string(signature)},
		Message: "trust: sign", Start: "origin/main",
	})
}

// nextTrust makes the files of the next version.
func (w *world) nextTrust(have map[string]string, words []string) map[string]string {
	raw := map[string][]byte{}
	for path, data := range have {
		raw[path] = []byte(data)
	}
	now, found := schema.LoadTrust(raw)
	w.must(found.Err())
	next := now.Next(w.clock.Now())
	signers := []string{"ann"}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		if name == "by" {
			signers = strings.Split(value, ",")
			continue
		}
		w.editTrust(&next, name, value)
	}
	files := map[string]string{}
	var root []byte
	for path, data := range next.Files() {
		files[path] = string(data)
		if path == schema.RootFile {
			root = data
		}
	}
	for _, who := range signers {
		if who == "nobody" {
			continue
		}
		signature, err := w.signer(who).Sign(signing.RootNamespace, root)
		w.must(err)
		files[schema.SignatureFile(who, schema.SSHKey)] = string(signature)
	}
	return files
}

func (w *world) editTrust(t *schema.Trust, name, value string) {
	who, more, _ := strings.Cut(value, ":")
	switch name {
	case "root":
		t.Root.Roots = append(t.Root.Roots, value)
		w.principal(t, who).Roles = append(w.principal(t, who).Roles, schema.Role{Name: schema.RoleRoot})
	case "admin":
		w.principal(t, who).Roles = append(w.principal(t, who).Roles, schema.Role{Name: schema.RoleAdmin})
	case "threshold":
		t.Root.Threshold = w.number(value)
	case "admins":
		t.Root.Admin = w.number(value)
	case "version":
		t.Root.Version = w.number(value)
	case "expires":
		d, err := time.ParseDuration(strings.TrimPrefix(value, "+"))
		w.must(err)
		t.Root.ExpiresAt = w.clock.Now().Add(d).UTC().Truncate(time.Second)
	case "limit": // bob:production:search
		stage, app, _ := strings.Cut(more, ":")
		p := w.principal(t, who)
		for i, r := range p.Roles {
			if r.Name == schema.RoleApprover && r.Stage == stageWords[stage] {
				p.Roles[i].Apps = schema.Patterns{app}
			}
		}
	case "revoke": // eve:compromised:55
		w.revoke(t, who, more)
	case "until": // dan:+3h
		d, err := time.ParseDuration(strings.TrimPrefix(more, "+"))
		w.must(err)
		for i := range t.Keys {
			if t.Keys[i].Principal == who {
				t.Keys[i].ValidUntil = w.clock.Now().Add(d).UTC().Truncate(time.Second)
			}
		}
	case "key": // dan, dan:unproven, dan:of:eve
		w.newKey(t, who, more)
	case "log-keys": // log,next
		w.nameLogKeys(t, strings.Split(value, ","))
	case "unsigned", "with-rules":
	default:
		w.t.Fatalf("trust: unknown edit %q", name)
	}
}

func (w *world) principal(t *schema.Trust, id string) *schema.Principal {
	for i := range t.Principals {
		if t.Principals[i].ID == id {
			return &t.Principals[i]
		}
	}
	w.t.Fatalf("trust: nobody is called %q", id)
	return nil
}

func (w *world) revoke(t *schema.Trust, who, more string) {
	reason, entry, tainted := strings.Cut(more, ":")
	r := &schema.Revocation{Reason: reason, At: w.clock.Now().UTC().Truncate(time.Second)}
	if tainted {
		n, err := strconv.ParseInt(entry, 10, 64)
		w.must(err)
		r.DistrustAfterEntry = n
	}
	for i := range t.Keys {
		if t.Keys[i].Principal == who {
			t.Keys[i].Revoked = r
		}
	}
}

// newKey gives a person another key, with the proof that he holds it unless the story says otherwise. "use dan" lets him sign
// with it.
func (w *world) newKey(t *schema.Trust, who, more string) {
	private, public, err := signing.GenerateEd25519()
	w.must(err)
	w.must(os.WriteFile(w.secondKey(who), private, 0o600))
	w.must(os.WriteFile(w.secondKey(who)+".pub", public, 0o644))
	key := schema.Key{Principal: who, Path: "keys/" + who + "/second.pub", Format: schema.SSHKey, Data: public}
	if more != "unproven" {
		signer, err := signing.LoadSSHSigner(w.secondKey(who))
		w.must(err)
		proof := schema.KeyProof{Project: t.Root.Project, Principal: who, Key: schema.DigestOf(public), Version: t.Root.Version}
		proof.Signature, err = signer.Sign(signing.KeyNamespace, proof.Statement())
		w.must(err)
		key.Proof = &proof
	}
	t.Keys = append(t.Keys, key)
}

func (w *world) secondKey(who string) string { return w.team.Person(who).Key() + "-second" }

// use lets a person sign with the key that the last trust version gave him.
func (w *world) use(words []string) []string {
	p := w.team.Person(words[0])
	private, err := os.ReadFile(w.secondKey(words[0]))
	w.must(err)
	public, err := os.ReadFile(w.secondKey(words[0]) + ".pub")
	w.must(err)
	w.must(os.WriteFile(p.Key(), private, 0o600))
	w.must(os.WriteFile(p.Key()+".pub", bytes.TrimSpace(public), 0o644))
	w.must(os.MkdirAll(filepath.Dir(p.Key()), 0o700))
	return nil
}
