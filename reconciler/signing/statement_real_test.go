package signing_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// program signs with ssh-keygen, or gpg, as people do.
type program struct {
	w   *workshop
	ssh string // private key file
	gpg string // fingerprint
}

func (p program) Sign(namespace string, message []byte) ([]byte, error) {
	var cmd = p.w.command(p.w.gpgs, "--armor", "--detach-sign", "--local-user", p.gpg)
	if p.ssh != "" {
		cmd = p.w.command(real.Binary(p.w.t, "ssh-keygen"), "-q", "-Y", "sign", "-n", namespace, "-f", p.ssh)
	}
	cmd.Stdin = bytes.NewReader(message)
	return cmd.Output()
}

// TestRealProgramsSignTrustAndApprovals: what ssh-keygen and gpg write is what the loaders and checks read.
func TestRealProgramsSignTrustAndApprovals(t *testing.T) {
	w := newWorkshop(t)
	w.startGPG()
	c := newCouncil(t)
	file := w.sshKeygen("erin", "ecdsa", "-b", "384")
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]program{
		"erin": {w: w, ssh: file},
		"finn": {w: w, gpg: w.gpgKey(noon.Add(-day), "Finn <finn@example.com>", "ed25519", "cert,sign", "never")},
	}
	w.fakeGPG(real.Binary(t, "gpg"), noon)
	keys := []schema.Key{
		{Principal: "erin", Path: "keys/erin/desk.pub", Format: schema.SSHKey, Data: public},
		{Principal: "finn", Path: "keys/finn/card.asc", Format: schema.OpenPGPKey, Data: w.export(people["finn"].gpg)},
	}
	v2 := c.next(c.trust, func(tr *schema.Trust) {
		for _, k := range keys {
			proof, err := signing.ProveKey(people[k.Principal], tr.Root.Project, 2, k)
			if err != nil {
				t.Fatal(err)
			}
			k.Proof = proof
			tr.Keys = append(tr.Keys, k)
			tr.Root.Roots = append(slices.Clone(tr.Root.Roots), k.Principal)
			tr.Principals = append(tr.Principals, schema.Principal{ID: k.Principal, Roles: []schema.Role{{Name: schema.RoleRoot}}})
		}
	}, "alice", "bob")
	if u := signing.CheckUpdate(c.trust, v2, noon, 1); !u.OK {
		t.Fatalf("version 2: %+v", u)
	}
	v3 := c.next(v2.Trust, renewed)
	for id, format := range map[string]schema.KeyFormat{"erin": schema.SSHKey, "finn": schema.OpenPGPKey} {
		sig, err := signing.SignRoot(people[id], v3.Root)
		if err != nil {
			t.Fatal(err)
		}
		v3.Signatures[filepath.Base(schema.SignatureFile(id, format))] = sig
	}
	if u := signing.CheckUpdate(v2.Trust, v3, noon, 2); !u.OK || !slices.Equal(u.By, []string{"erin", "finn"}) {
		t.Errorf("version 3: %+v", u)
	}
	ring, problems := signing.NewKeyring(v3.Trust)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	text, err := schema.ApprovalStatement{
		Project: c.trust.Root.Project, Made: noon, Seen: schema.Seen{Size: 57, Entry: entry57}, Trust: 3,
		Cells: []schema.ApprovedCell{{Cell: schema.Control, Ref: "refs/heads/main", From: schema.NoContent, To: schema.Content(entry57), Gate: entry57}},
	}.Statement()
	if err != nil {
		t.Fatal(err)
	}
	for id, p := range people {
		sig, err := p.Sign(signing.ApprovalNamespace, text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := schema.ParseRequest(append(append(slices.Clone(text), '\n'), sig...))
		if err != nil {
			t.Fatal(err)
		}
		got, err := signing.CheckApproval(ring, signing.RequestCopy{Principal: id, Request: r}, signing.Acceptance{At: noon})
		if err != nil || got.Code != "ok" || got.Principal != id {
			t.Errorf("%s: got %+v, %v", id, got, err)
		}
	}
}

// TestSSHKeygenVerifiesWhatWeSign: nobody needs sluice to check a root's signature.
func TestSSHKeygenVerifiesWhatWeSign(t *testing.T) {
	w := newWorkshop(t)
	c := newCouncil(t)
	v := c.signed(c.load(c.trust), "alice")
	signers := filepath.Join(t.TempDir(), "signers")
	sig := filepath.Join(t.TempDir(), "alice.sig")
	if err := os.WriteFile(signers, []byte("alice "+c.key("alice")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sig, v.Signatures["alice.sig"], 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := w.command(real.Binary(t, "ssh-keygen"), "-Y", "verify", "-n", signing.RootNamespace, "-I", "alice", "-f", signers, "-s", sig)
	cmd.Stdin = bytes.NewReader(v.Root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("ssh-keygen: %v\n%s", err, out)
	}
}
