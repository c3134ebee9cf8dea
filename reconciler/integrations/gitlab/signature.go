package gitlab

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/sluice-gitops/sluice/schema"
)

// Signature is what GitLab says of a commit's signature. It is an opinion, made of the keys that people have uploaded by now, and
// may come late: signatures are verified here from the commit itself, and this decides nothing.
type Signature struct {
	Kind   string // PGP, SSH or X509
	Status string // GitLab's verification_status
	Key    string // that it knows: an OpenPGP key id, an SSH public key, an X.509 serial number; empty for its own
	Raw    schema.Raw
}

// Signature asks for it. A commit without one is [ErrUnsigned], one that is not there [ErrMissing].
func (c *Client) Signature(ctx context.Context, commit schema.Hash) (Signature, error) {
	path, err := c.below(ctx, "repository/commits/%s/signature", commit)
	if err != nil {
		return Signature{}, err
	}
	r := request{doing: "read the signature of commit " + commit.Short(), path: path}
	a, err := c.ask(ctx, r)
	if err != nil {
		return Signature{}, c.lostAccess(ctx, err)
	}
	// The library knows OpenPGP alone, and takes any other signature for one whose key has no name.
	var body struct {
		Kind   string `json:"signature_type"`
		Status string `json:"verification_status"`
		KeyID  string `json:"gpg_key_primary_keyid"`
		SSH    struct {
			Key string `json:"key"`
		} `json:"key"`
		X509 struct {
			Serial json.Number `json:"serial_number"` // longer than any integer of Go's
		} `json:"x509_certificate"`
	}
	if err := c.decode(r.doing, a, &body); err != nil {
		return Signature{}, err
	}
	if body.Kind == "" || body.Status == "" {
		return Signature{}, c.incomplete(r.doing, a, ErrIncomplete, "it has no kind or no status")
	}
	return Signature{Kind: body.Kind, Status: body.Status, Key: cmp.Or(body.KeyID, body.SSH.Key, body.X509.Serial.String()), Raw: a.raw()}, nil
}
