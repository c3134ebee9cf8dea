package schema

import (
	"net/netip"
	"slices"
	"time"
)

// OperatorFile is the usual name of the operator's file.
const OperatorFile = "reconciler.yaml"

// Operator is reconciler.yaml: what the repository must not say. Where systems are, who the reconciler is there, and what
// it trusts. Secrets are named by file; the file's own text holds none (RULES R47).
type Operator struct {
	Projects   []OperatorProject
	LogKeyFile string // private key that signs the ledger
	// NextLogKeyFile is the private key that is to replace the one in LogKeyFile (RULES R23); empty while none is to.
	NextLogKeyFile string
	BotKeyFile     string // private key that signs commits on promotion branches
	StateDir       string // clones and the spool; can be lost
	Poll           Poll
	Listen         string // address of the page and API; empty is none
	Page           string // the page's address as people reach it; empty is none
	Access         PageAccess
	Badges         bool   // the page has pictures of states
	ShowValues     bool   // the page has the values of keys that do not look like secrets, and not their names alone
	Admin          string // address of metrics and health; empty is none
	Embedded       *EmbeddedEtcd
	Webhook        *Webhook // nil: none are received
	// ShutdownDelay is for how long at least the process answers that it is not ready, once it was told to end.
	ShutdownDelay time.Duration
	Traces        *Traces // nil: nobody is told what passes did
}

// Traces is the OpenTelemetry collector that is told what passes did and how long it took.
type Traces struct {
	Endpoint    string
	HeadersFile string // may hold a token
	CAFile      string
}

// PageAccess says who may look at the page. The zero value asks nobody, which is for addresses of this host alone.
type PageAccess struct {
	Public       bool           // anybody who reaches the address
	Header       string         // set by a proxy that asks who looks
	Networks     []netip.Prefix // where that proxy is
	CertFile     string         // of the page's TLS
	KeyFile      string
	ClientCAFile string // whose certificates may look
	GroupsHeader string // set by that proxy: the groups of who looks, with commas between them
	// Visible says what each group sees; a group that it does not name sees nothing. Nil: whoever may look sees everything.
	Visible []Visibility
}

// Visibility is what the members of a group may see. Its zero value shows nothing to nobody.
type Visibility struct {
	Group    string
	Projects []string    // by the names that the page gives them; none: any project
	Apps     Patterns    // by their whole names
	Stages   []StageName // none: every stage
}

// Shows reports whether a member of the group may see a cell.
func (v Visibility) Shows(c Cell) bool {
	return (len(v.Stages) == 0 || slices.Contains(v.Stages, c.Stage)) && v.Apps.MatchApp(c.App)
}

// Everything reports whether a member of the group may see the whole of a project.
func (v Visibility) Everything() bool { return len(v.Stages) == 0 && slices.Contains(v.Apps, "**") }

// Asks reports whether anything is asked of who looks.
func (a PageAccess) Asks() bool { return a.Header != "" || a.ClientCAFile != "" }

// Webhook is how the forge's hints are received. They only hurry the next look.
type Webhook struct {
	Listen           string // not the page's
	SecretFile       string
	SigningKeyFiles  []string // several while one replaces another
	RequireSignature bool     // a token alone will not do
	Instances        []string // forges that a request may say it comes from; empty: any
}

// OperatorProject is one configuration repository.
type OperatorProject struct {
	Repository     string // URL or path
	Username       string // for TokenFile over HTTPS
	TokenFile      string
	SSHKeyFile     string
	KnownHostsFile string
	CAFile         string
	GitLab         *GitLabAccess
	Anchor         Digest // of root.yaml version 1, told by people and not by the repository
	Ledger         LedgerPlace
	Targets        map[string]TargetAddress // by the names that sluice.yaml uses
	Witnesses      []WitnessAddress
	Election       string // one of Targets, of kind etcd, where several reconcilers elect the one that works; empty: each works
}

// WitnessAddress is where a witness of the ledger is asked; who it is stands in the trust root.
type WitnessAddress struct {
	Name string // of its key in root.yaml
	URL  string // submission prefix, to which /add-checkpoint is put
}

// GitLabAccess is how the forge is asked.
type GitLabAccess struct {
	URL       string
	Project   string // numeric id or path
	TokenFile string
	CAFile    string
	NoNotes   bool // nothing is written below merge requests
}

// LedgerPlace is where the ledger is; empty fields are those of the project: its repository, branch sluice/ledger.
type LedgerPlace struct {
	Repository string
	Branch     string
}

// DefaultLedgerBranch holds the ledger unless the operator moves it (RULES R31).
const DefaultLedgerBranch = "sluice/ledger"

// TargetAddress is where a target is and how to log in there. Which fields a kind needs is the integration's to say.
type TargetAddress struct {
	Name           string
	Kind           string // etcd, configmap, file, …
	Endpoints      []string
	Root           string // etcd: the first part of every key
	Prefix         string
	Directory      string // file: where the files go
	Namespace      string
	Context        string // kubeconfig context
	KubeconfigFile string
	Username       string
	PasswordFile   string
	TokenFile      string
	CertFile       string
	KeyFile        string
	CAFile         string
	Settings       map[string]string // of the kind alone
}

// Poll is how often Git is looked at. Jitter spreads projects over time.
type Poll struct {
	Interval   time.Duration
	Jitter     time.Duration
	Guardrails time.Duration // between two looks at how the forge guards the project
}

// Defaults of [Poll].
const (
	DefaultPollInterval   = 30 * time.Second
	DefaultPollJitter     = 5 * time.Second
	DefaultPollGuardrails = 10 * time.Minute
)

// EmbeddedEtcd asks for an etcd server inside the reconciler, for trying things out.
type EmbeddedEtcd struct {
	Directory string // empty: below the state directory
	Listen    string // empty: a free port of this host
}
