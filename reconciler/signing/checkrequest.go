package signing

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// The codes of requests that are not valid.
const (
	CodeRequestRefused  schema.Code = "request-refused"
	CodeRequestUnsigned schema.Code = "request-unsigned"
	CodeEvidenceContext schema.Code = "evidence-context"
)

// RequestCopy is one signer's tag: the request, and the principal that the tag's name claims.
type RequestCopy struct {
	Principal string
	Request   schema.Request
}

// RequestCheck says whether a request may be carried out. The zero RequestCheck says no. That it was not used before is the
// ledger's to say, by the digest of the statement.
type RequestCheck struct {
	OK        bool
	Code      schema.Code
	Detail    string
	Statement schema.RequestStatement // without fields for genesis, whose statement is compared as a whole
	By        []string                // who counts, each person once
	Need      int
	Refused   []string // copies that do not count, and why
}

func (c RequestCheck) refuse(code schema.Code, format string, args ...any) RequestCheck {
	c.Code, c.Detail = code, fmt.Sprintf(format, args...)
	return c
}

// CheckRequest judges the copies of one request other than approve, under the trust in force: what it says, when it was
// made and against which ledger, and that enough people with the role signed it. entry is the digest that the project's
// ledger has for the entry that the statement says was seen; empty if it has none. It is not asked for genesis.
func CheckRequest(k *Keyring, t schema.Trust, copies []RequestCopy, at Acceptance, entry schema.Digest) RequestCheck {
	var c RequestCheck
	if len(copies) == 0 {
		return c.refuse(CodeRequestRefused, "nobody made it")
	}
	first := copies[0].Request
	for _, other := range copies[1:] {
		if !bytes.Equal(other.Request.Statement, first.Statement) {
			return c.refuse(CodeRequestRefused, "the copies are of different requests")
		}
	}
	rule, ok := schema.RuleOf(first.Kind)
	if !ok {
		return c.refuse(CodeRequestRefused, "the kind %q is not known", clip(first.Kind, 64))
	}
	project, _ := first.Value("project")
	if first.Kind != schema.KindGenesis {
		var err error
		if c.Statement, err = schema.ParseStatement(first); err != nil {
			return c.refuse(CodeRequestRefused, "%v", err)
		}
		rule, _ = c.Statement.Rule()
		if code, detail := timely(c.Statement, t, at, entry); code != CodeOK {
			return c.refuse(code, "%s", detail)
		}
	}
	if project == "" || project != t.Root.Project {
		return c.refuse(CodeEvidenceContext, "it is for project %s", clip(project, 64))
	}
	c.Need = rule.Need(t.Root)
	for _, copy := range copies {
		who, why := k.requestSigner(t, copy, rule, c.Statement, at)
		if why != "" {
			c.Refused = append(c.Refused, copy.Principal+": "+why)
		} else if !slices.Contains(c.By, who) {
			c.By = append(c.By, who)
		}
	}
	slices.Sort(c.By)
	if len(c.By) < c.Need {
		return c.refuse(CodeRequestUnsigned, "%d of %d signed%s", len(c.By), c.Need, named(c.By))
	}
	c.OK, c.Code = true, CodeOK
	return c
}

// requestSigner returns who signed a copy, or why the copy does not count.
func (k *Keyring) requestSigner(t schema.Trust, copy RequestCopy, rule schema.RequestRule, s schema.RequestStatement, at Acceptance) (who, why string) {
	f := k.judge(request{
		namespace: RequestNamespace, message: copy.Request.Statement, signature: copy.Request.Signature,
		usage: rule.Usage, at: at, claimed: s.Made,
	})
	person, known := t.Principal(f.principal)
	switch {
	case f.code != CodeOK:
		return "", string(f.code)
	case f.principal != copy.Principal:
		return "", "it is " + f.principal + "'s signature"
	case !known || !rule.MaySign(person, s.Cell):
		return "", f.principal + " has not the role"
	}
	return f.principal, ""
}

// timely holds a request to the clock and to the ledger that it was made against.
func timely(s schema.RequestStatement, t schema.Trust, at Acceptance, entry schema.Digest) (schema.Code, string) {
	switch {
	case s.Made.After(at.At.Add(at.skew())):
		return CodeRequestRefused, "it was made in the future, at " + stamp(s.Made)
	case at.At.Sub(s.Made) > schema.RequestLife:
		return CodeRequestRefused, "it was made too long ago, at " + stamp(s.Made)
	case !s.Until.IsZero() && !at.At.Before(s.Until):
		return CodeRequestRefused, "it ended at " + stamp(s.Until)
	case s.Seen.Entry != entry:
		return CodeEvidenceContext, "it was made against another ledger"
	case s.Kind == schema.KindBreakGlass && t.Expired(at.At):
		return CodeRootExpired, "the trust root ran out at " + stamp(t.Root.ExpiresAt)
	}
	return CodeOK, ""
}

// CheckApproval judges the signature of an approve request, under the trust in force. What it approves is judged by the
// approvals policy, which also compares the ledger: the caller fills in Tag and Entry. An error means that it is no approval.
func CheckApproval(k *Keyring, copy RequestCopy, at Acceptance) (schema.SignedApproval, error) {
	statement, err := schema.ParseApproval(copy.Request)
	if err != nil {
		return schema.SignedApproval{}, err
	}
	f := k.judge(request{
		namespace: ApprovalNamespace, message: copy.Request.Statement, signature: copy.Request.Signature,
		usage: schema.UsageApproval, at: at, claimed: statement.Made,
	})
	a := schema.SignedApproval{Principal: f.principal, Key: f.key, Code: f.code, Statement: statement}
	if a.Code == CodeOK {
		a.Code = statementTime(statement.Made, at)
	}
	if a.Code == CodeOK && f.principal != copy.Principal {
		a.Code = CodeEvidenceContext // a tag in somebody else's name
	}
	return a, nil
}

// statementTime holds what a statement says of its time against the clock; an OpenPGP signature has a time beside it.
func statementTime(made time.Time, at Acceptance) schema.Code {
	code, _ := at.bounds(made)
	return code
}
