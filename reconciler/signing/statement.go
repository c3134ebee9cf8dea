package signing

import (
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// The SSHSIG namespaces of what people sign beside commits. A signature made for one never passes for another; OpenPGP has
// no namespaces, so there the first line of a statement tells them apart.
const (
	RootNamespace     = "sluice-root@v1"     // root.yaml
	KeyNamespace      = "sluice-key@v1"      // proofs of possession
	ApprovalNamespace = "sluice-approval@v1" // approve requests
	RequestNamespace  = "sluice-request@v1"  // all other requests
)

// NamespaceOf returns the namespace in which requests of a kind are signed.
func NamespaceOf(kind string) string {
	if kind == schema.KindApprove {
		return ApprovalNamespace
	}
	return RequestNamespace
}

// MessageSigner makes armored detached signatures: an *SSHSigner, a person's agent, or gpg, which ignores the namespace.
type MessageSigner interface {
	Sign(namespace string, message []byte) ([]byte, error)
}

// SignRoot signs the bytes of root.yaml. The result belongs at [schema.SignatureFile].
func SignRoot(s MessageSigner, root []byte) ([]byte, error) { return s.Sign(RootNamespace, root) }

// ProveKey makes the proof that the signer holds a key: s has to sign with the private half of key.Data. The proof is for
// the version of the trust directory that the key is new in.
func ProveKey(s MessageSigner, project string, version int, key schema.Key) (*schema.KeyProof, error) {
	p := &schema.KeyProof{Project: project, Principal: key.Principal, Key: schema.DigestOf(key.Data), Version: version}
	var err error
	if p.Signature, err = s.Sign(KeyNamespace, p.Statement()); err != nil {
		return nil, fmt.Errorf("prove key %s: %w", key.Path, err)
	}
	if _, err := schema.ParseKeyProof(p.Encode()); err != nil {
		return nil, fmt.Errorf("prove key %s: %w", key.Path, err)
	}
	return p, nil
}

// checkProof says why a key of a new version is not shown to be its owner's; empty if it is. The key is asked as if it had
// no limits: one that counts only from tomorrow is proved today.
func checkProof(t schema.Trust, key schema.Key, at Acceptance) string {
	p := key.Proof
	switch {
	case p == nil:
		return "there is none"
	case p.Project != t.Root.Project:
		return "it is for project " + p.Project
	case p.Principal != key.Principal:
		return "it says that the key is " + p.Principal + "'s"
	case p.Key != schema.DigestOf(key.Data):
		return "it is for another key file"
	case p.Version != t.Root.Version:
		return fmt.Sprintf("it is for version %d, the key is new in version %d", p.Version, t.Root.Version)
	}
	bare := schema.Key{Principal: key.Principal, Path: key.Path, Format: key.Format, Data: key.Data}
	ring, problems := NewKeyring(schema.Trust{Keys: []schema.Key{bare}})
	if len(problems) > 0 {
		return problems[0].Error()
	}
	if _, code := ring.Detached(KeyNamespace, p.Statement(), p.Signature, schema.UsageRoot, at); code != CodeOK {
		return "its signature does not count: " + string(code)
	}
	return ""
}
