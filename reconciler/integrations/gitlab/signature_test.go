package gitlab_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
)

const (
	pgpSignature  = `{"signature_type":"PGP","verification_status":"verified","gpg_key_id":1,"gpg_key_primary_keyid":"8254AAB3FBD54AC9"}`
	ownSignature  = `{"signature_type":"PGP","verification_status":"verified_system","gpg_key_id":null,"gpg_key_primary_keyid":null}`
	sshSignature  = `{"signature_type":"SSH","verification_status":"verified","key":{"id":11,"key":"ssh-ed25519 AAAAC3Nz bob"}}`
	x509Signature = `{"signature_type":"X509","verification_status":"unverified","x509_certificate":{"id":1,"serial_number":278969561018901340486471282831158785578}}`
)

func TestSignatures(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer stubbed
		want   gitlab.Signature
		err    error
	}{
		{"OpenPGP", text(200, pgpSignature), gitlab.Signature{Kind: "PGP", Status: "verified", Key: "8254AAB3FBD54AC9"}, nil},
		{"GitLab's own", text(200, ownSignature), gitlab.Signature{Kind: "PGP", Status: "verified_system"}, nil},
		{"SSH", text(200, sshSignature), gitlab.Signature{Kind: "SSH", Status: "verified", Key: "ssh-ed25519 AAAAC3Nz bob"}, nil},
		{"X.509, with a number that is no int64", text(200, x509Signature), gitlab.Signature{Kind: "X509", Status: "unverified", Key: "278969561018901340486471282831158785578"}, nil},
		{"none", text(404, `{"message":"404 GPG Signature Not Found"}`), gitlab.Signature{}, gitlab.ErrUnsigned},
		{"of a commit that is not there", text(404, `{"message":"404 Commit Not Found"}`), gitlab.Signature{}, gitlab.ErrMissing},
		{"of a project out of sight", text(404, `{"message":"404 Project Not Found"}`), gitlab.Signature{}, gitlab.ErrNotFound},
		{"of no kind", text(200, `{}`), gitlab.Signature{}, gitlab.ErrIncomplete},
	} {
		s := newStub(t)
		s.on(commitPath+headB+"/signature", tc.answer)
		c, _ := s.client(nil)
		got, err := c.Signature(context.Background(), hash(t, headB))
		if tc.err == nil && !strings.Contains(string(got.Raw.Body), got.Kind) {
			t.Errorf("%s: the raw answer is not kept", tc.name)
		}
		got.Raw = tc.want.Raw
		if !errors.Is(err, tc.err) || got.Kind != tc.want.Kind || got.Status != tc.want.Status || got.Key != tc.want.Key {
			t.Errorf("%s: got %+v, %v; want %+v, %v", tc.name, got, err, tc.want, tc.err)
		}
	}
}

// TestLibraryTakesAnSSHSignatureForAKeyWithoutName: "verified", by nobody.
func TestLibraryTakesAnSSHSignatureForAKeyWithoutName(t *testing.T) {
	s := newStub(t)
	s.on(commitPath+headB+"/signature", text(200, sshSignature))
	got, _, err := bare(t, s.URL).Commits.GetGPGSignature(42, headB)
	if err != nil || got.VerificationStatus != "verified" || got.KeyPrimaryKeyID != "" {
		t.Errorf("bare library: got %+v, %v; it used to be verified by no key", got, err)
	}
	// Ours: TestSignatures.
}
