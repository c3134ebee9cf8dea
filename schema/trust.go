package schema

import (
	"strings"
	"time"
)

// Trust is one version of the trust directory (.sluice/trust): who the people are, which keys are theirs, what they may do.
type Trust struct {
	Root       Root
	RootDigest Digest // of root.yaml's bytes; version 1's is the anchor
	Principals []Principal
	Keys       []Key
	// ForgeKeys are what the forge signs commits with that it makes itself. They are nobody's: what they sign is told from what
	// strangers sign, and counts for no person.
	ForgeKeys []Key
}

// Root is root.yaml: the part that the roots sign.
type Root struct {
	Version   int
	Prev      Digest // digest of the version before; empty in version 1
	Project   string // random id of the project: checkpoint origin, head.project, part of every statement
	CreatedAt time.Time
	ExpiresAt time.Time
	Threshold int      // of roots, for the trust directory
	Admin     int      // threshold of admins, for the other control files
	Roots     []string // principals
	LogKeys   []string // ssh-ed25519 public keys in authorized_keys form; the reconciler's log key
	Witnesses Witnesses
	Files     Digest // manifest digest of the rest of the trust directory
}

// Role is what a principal may do; an approver's names its stage. Apps, if not empty, limits it to apps by pattern (RULES R28).
type Role struct {
	Name  RoleName
	Stage StageName
	Apps  Patterns
}

// RoleName is one of the roles of RULES R26.
type RoleName string

// The roles, exactly these.
const (
	RoleRoot     RoleName = "root"
	RoleAdmin    RoleName = "admin"
	RoleAuthor   RoleName = "author"
	RoleApprover RoleName = "approver"
	RoleRelease  RoleName = "release"
	RoleBot      RoleName = "bot"
)

// Principal is a person or robot. Keys and accounts point to one principal, and counting is by principal.
type Principal struct {
	ID     string // "alice"
	Name   string
	Roles  []Role
	Forge  []ForgeAccount
	Emails []string
}

// ForgeAccount binds a forge user by number.
type ForgeAccount struct {
	Host   string
	UserID int64
}

// Key is one public key of a principal, with the time in which it may be used.
type Key struct {
	Principal string
	Path      string // relative to the trust directory, for messages
	Format    KeyFormat
	Data      []byte // .pub line or .asc armor
	// ValidFrom and ValidUntil bound when a signature by the key is accepted; zero is unbounded.
	ValidFrom  time.Time
	ValidUntil time.Time
	Revoked    *Revocation
	Usages     []KeyUsage // empty is all
	Proof      *KeyProof  // that its owner holds it; nil if there is none
}

// KeyFormat is how a key is written.
type KeyFormat string

// The formats of keys.
const (
	SSHKey     KeyFormat = "ssh"
	OpenPGPKey KeyFormat = "openpgp"
)

// KeyUsage is what a key may sign.
type KeyUsage string

// The usages of a key.
const (
	UsageCommit   KeyUsage = "commit"
	UsageApproval KeyUsage = "approval"
	UsageRoot     KeyUsage = "root"
)

// Revocation says when and why a key stopped being trusted.
type Revocation struct {
	Reason             string // superseded, retired, compromised
	At                 time.Time
	DistrustAfterEntry int64 // compromised: entries after this one that rest on the key are tainted
}

// Has reports whether the principal has the role for a cell's app; an approver's role also has to name the stage.
func (p Principal) Has(role RoleName, cell Cell) bool {
	for _, r := range p.Roles {
		if r.Name != role {
			continue
		}
		if role == RoleApprover && r.Stage != cell.Stage {
			continue
		}
		if len(r.Apps) == 0 || r.Apps.MatchApp(cell.App) {
			return true
		}
	}
	return false
}

// Principal returns the principal of that id.
func (t Trust) Principal(id string) (Principal, bool) {
	for _, p := range t.Principals {
		if p.ID == id {
			return p, true
		}
	}
	return Principal{}, false
}

// PrincipalOfAccount returns who owns the forge account.
func (t Trust) PrincipalOfAccount(host string, userID int64) (Principal, bool) {
	for _, p := range t.Principals {
		for _, f := range p.Forge {
			if f.Host == host && f.UserID == userID {
				return p, true
			}
		}
	}
	return Principal{}, false
}

// PrincipalOfEmail returns who claims the address. An address is attribution, not proof: it can only exclude an approver.
func (t Trust) PrincipalOfEmail(email string) (Principal, bool) {
	for _, p := range t.Principals {
		for _, e := range p.Emails {
			if strings.EqualFold(e, email) {
				return p, true
			}
		}
	}
	return Principal{}, false
}

// Expired reports whether the root has run out at the time of a decision.
func (t Trust) Expired(now time.Time) bool {
	return !t.Root.ExpiresAt.IsZero() && !now.Before(t.Root.ExpiresAt)
}
