package signing

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/pjbgf/sha1cd"

	"github.com/sluice-gitops/sluice/schema"
)

// GitNamespace is what git and ssh-keygen sign commits under, so that such a signature stands for nothing else.
const GitNamespace = "git"

// maxSubject bounds the first line of a message in a verdict.
const maxSubject = 512

// Signer is the principal whose key made a signature, and the key's fingerprint.
type Signer struct {
	Principal string
	Key       string
}

// Commit says whether a known principal signed the commit, in the order of the checks: the id, the grammar, the armor,
// the algorithms, the key, the signature, the key's usage and window, the signature's age. It never fails: bytes that are
// no commit have a code too. The id is recomputed from the bytes.
//
// Principal is set once the signature itself is good, also where the key no longer counts.
func (k *Keyring) Commit(id schema.Hash, raw []byte, at Acceptance) schema.CommitVerdict {
	v := schema.CommitVerdict{Commit: id}
	if problem := checkID(id, raw); problem != "" {
		v.Code, v.Detail = CodeObjectMismatch, problem
		return v
	}
	c, err := ParseCommit(raw)
	if err != nil {
		v.Code, v.Detail = CodeMalformedObject, err.Error()
		var syntax *ObjectError
		if errors.As(err, &syntax) {
			v.Code = syntax.Code
		}
		return v
	}
	v.Author, v.Committer, v.CoAuthors = c.Author.Identity(), c.Committer.Identity(), c.CoAuthors
	subject, _, _ := strings.Cut(c.Message, "\n")
	v.Subject = clip(subject, maxSubject)
	v.Payload = schema.DigestOf(c.Payload)
	if c.Signature == nil {
		v.Code = CodeUnsigned
		return v
	}
	f := k.judge(request{
		namespace: GitNamespace, message: c.Payload, signature: c.Signature,
		usage: schema.UsageCommit, at: at, claimed: c.Committer.Time,
	})
	v.Code, v.Detail, v.Principal, v.Key = f.code, f.detail, f.principal, f.key
	v.Algorithm, v.SignedAt = f.algorithm, f.signedAt
	return v
}

// Detached judges a signature over a statement: SSHSIG in the namespace, or OpenPGP, which has no namespaces, so that the
// statement itself has to say what it is. An SSH signature carries no time and is not held against the age bounds. The
// code is ok or why not; the Signer's Principal is set once the signature itself is good.
func (k *Keyring) Detached(namespace string, message, signature []byte, usage schema.KeyUsage, at Acceptance) (Signer, schema.Code) {
	f := k.judge(request{namespace: namespace, message: message, signature: signature, usage: usage, at: at})
	return Signer{Principal: f.principal, Key: f.key}, f.code
}

// request is one signature to judge.
type request struct {
	namespace string
	message   []byte
	signature []byte // armored
	usage     schema.KeyUsage
	at        Acceptance
	claimed   time.Time // for SSH: when the committer says it was; zero for statements
}

// finding is what there is to say about a signature, in the order in which it is found out.
type finding struct {
	code      schema.Code
	detail    string
	algorithm string
	key       string // fingerprint: the signature's claim until principal is set
	principal string
	signedAt  time.Time
}

func (f finding) refuse(code schema.Code, detail string) finding {
	f.code, f.detail = code, detail
	return f
}

func (k *Keyring) judge(r request) finding {
	var f finding
	switch {
	case bytes.Count(r.signature, armorBegin) > 1:
		return f.refuse(CodeMultipleSignatures, "more than one armor")
	case bytes.HasPrefix(r.signature, []byte(sshArmor.begin)):
		return k.judgeSSH(r)
	case bytes.HasPrefix(r.signature, []byte(strings.TrimSpace(openpgpArmor.begin))):
		return k.judgeOpenPGP(r)
	case bytes.HasPrefix(r.signature, []byte(x509Begin)):
		return f.refuse(CodeX509Unsupported, "an X.509 signature; sign with SSH or OpenPGP")
	}
	return f.refuse(CodeMalformedObject, "not the armor of an SSH or OpenPGP signature")
}

// admit is the end of both paths: the signature is good, so what is left is whether the key counts.
func (f finding) admit(o *owner, r request, trustedTime bool) finding {
	if o.forge {
		return f.byForge(o, r)
	}
	f.principal = o.key.Principal
	if !o.mayUse(r.usage) {
		return f.refuse(CodeKeyUsage, "the trust does not let the key sign a "+string(r.usage))
	}
	code, detail := r.at.check(o.key, f.signedAt, trustedTime)
	return f.refuse(code, detail)
}

// byForge refuses what the forge's own key signed: it stands for whoever may press a button there, so for nobody. A
// statement by it is a stranger's.
func (f finding) byForge(o *owner, r request) finding {
	if r.usage != schema.UsageCommit {
		return f.refuse(CodeUnknownKey, "the key is the forge's ("+o.key.Path+") and signs for nobody")
	}
	return f.refuse(CodeForgeKeyOnly, "signed by the forge ("+o.key.Path+"), not by a person")
}

// checkID recomputes a commit's id, looking for the marks of a SHA-1 collision.
func checkID(id schema.Hash, raw []byte) string {
	sum, collides := safeSHA1([]byte("commit "+strconv.Itoa(len(raw))+"\x00"), raw)
	if collides {
		return "the bytes are half of a SHA-1 collision"
	}
	if sum != id {
		return "the bytes have the id " + sum.String()
	}
	return ""
}

// safeSHA1 hashes what follows each other. Bytes that were made to collide with others are told.
func safeSHA1(parts ...[]byte) (sum schema.Hash, collides bool) {
	h, ok := sha1cd.New().(sha1cd.CollisionResistantHash)
	if !ok {
		return sum, true // no detection is no proof
	}
	for _, part := range parts {
		h.Write(part)
	}
	out, collides := h.CollisionResistantSum(nil)
	copy(sum[:], out)
	return sum, collides
}
