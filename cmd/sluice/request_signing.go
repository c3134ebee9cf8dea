package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// pen is what a person signs with, and whose it is by the trust in force.
type pen struct {
	personSigner
	Who string // principal; empty where that shows only once something is signed
	Key string // fingerprint
}

// pen finds the signer and refuses a key that is nobody's before anybody is asked for a passphrase.
func (d *desk) pen(ctx context.Context) (pen, error) {
	signer, err := d.a.signer(ctx, d.f.signWith)
	if err != nil {
		return pen{}, err
	}
	p := pen{personSigner: signer}
	if len(signer.Public.Data) == 0 {
		return p, nil
	}
	about, err := signing.Describe(schema.Key{Format: signer.Public.Format, Data: signer.Public.Data})
	if err != nil {
		return pen{}, &failure{code: exitForbidden, err: fmt.Errorf("%s: %w", signer.Name, err), hint: "sign with another key: --sign-with KEY"}
	}
	p.Key = about.Fingerprint
	for _, key := range d.Trust.Keys {
		if of, err := signing.Describe(key); err == nil && of.Fingerprint == p.Key {
			p.Who = key.Principal
			return p, nil
		}
	}
	return pen{}, nobodys(p)
}

func nobodys(p pen) error {
	return &failure{
		code: exitForbidden, err: fmt.Errorf("the key %s is nobody's in this project", p.Key),
		hint: "sign with a key that is in the trust directory in force (.sluice/trust/keys): --sign-with KEY",
	}
}

// name is who signs, as far as that is known.
func (p pen) name() string {
	if p.Who != "" {
		return p.Who
	}
	return p.Name
}

// sign makes one person's copy of a statement and holds it against the trust in force: what would not count is not pushed.
func (d *desk) sign(ctx context.Context, p pen, statement []byte, kind string, usage schema.KeyUsage, at schema.Hash) (foundRequest, error) {
	signature, err := p.Sign(signing.NamespaceOf(kind), statement)
	if err != nil {
		return foundRequest{}, err
	}
	by, code := d.Keyring.Detached(signing.NamespaceOf(kind), statement, signature, usage, d.acceptance())
	if code != "ok" {
		return foundRequest{}, &failure{
			code: exitForbidden, err: fmt.Errorf("your signature does not count in this project: %s [%s]", code.Message(nil), code),
			hint: "sign with a key in force that may sign such statements: --sign-with KEY",
		}
	}
	if p.Who != "" && by.Principal != p.Who {
		return foundRequest{}, &failure{code: exitForbidden, err: fmt.Errorf("signed by %s, and %s was expected", by.Principal, p.Who)}
	}
	request, err := schema.ParseRequest([]byte(string(statement) + "\n" + string(signature)))
	if err != nil {
		return foundRequest{}, err
	}
	tag := reconciler.RequestTag{Name: request.TagName(by.Principal), Principal: by.Principal, On: at, Request: request}
	return foundRequest{RequestTag: tag, ID: statementID(statement)}, nil
}

func (d *desk) acceptance() signing.Acceptance {
	return signing.Acceptance{At: now(), LastSeq: d.Ledger.Head().Size}
}

// push takes a copy to the remote. One that is there already stays as it is.
func (d *desk) push(ctx context.Context, r foundRequest) error {
	there, err := d.a.git(ctx, "ls-remote", d.f.remote, "refs/tags/"+r.Name)
	if err != nil {
		return noAccess(err, d.f.remote)
	}
	if there != "" {
		return nil
	}
	return d.a.pushTag(ctx, d.f.remote, r.Name, r.On, string(r.Request.Statement)+"\n"+string(r.Request.Signature))
}

// usable refuses a request whose key may not sign it, before anybody is asked.
func usable(who string) error {
	if who == schema.BotID {
		return &failure{code: exitForbidden, err: errors.New("the reconciler's bot key signs commits on promotion branches, and no statements"), hint: "sign with your own key: --sign-with KEY"}
	}
	return nil
}
