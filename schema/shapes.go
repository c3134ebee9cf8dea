package schema

// shapeID names a map whose fields our files may have. The decoder can only read maps through a shape, so the table below
// is all that it knows; FORMAT.md is held to it by a test.
type shapeID int

const (
	projectShape shapeID = iota
	appsShape
	appsAboutShape
	targetShape
	stageShape
	stageTargetShape
	gatesShape
	provenanceShape
	approvalsShape
	soakShape
	limitsShape
	secretsShape
	dutiesShape
	healthShape
	grayShape
	grayStepShape
	freezeShape
	windowShape
	atLeastShape
	breakerShape
	criticalShape
	expressionShape
	whenShape
	casesShape
	caseShape
	factsShape
	caseRollbackShape
	operatorShape
	operatorProjectShape
	gitlabShape
	ledgerPlaceShape
	targetAddressShape
	pollShape
	embeddedShape
	tracesShape
	webhookShape
	accessShape
	visibleShape
	rootShape
	witnessesShape
	operatorWitnessShape
	principalsShape
	principalShape
	roleShape
	accountShape
	keyShape
	revokedShape
	retirementShape
	shapeCount
)

// shape lists the fields of a map.
type shape struct {
	file     string // heading in FORMAT.md
	path     string // of the map, as FORMAT.md writes it; "" is the file itself
	required []string
	optional []string
	open     string // what other keys stand for; "" refuses them
}

func (s shape) fields() []string { return append(append([]string(nil), s.required...), s.optional...) }

// shapes is the table. Nothing writes to it.
var shapes = [shapeCount]shape{
	projectShape: {
		file: "sluice.yaml", required: []string{"version"},
		optional: []string{
			"layout", "branch", "apps", "stage_local", "targets", "stages", "atomic", "provenance", "approvals", "rollback_window", "retention",
		},
	},
	appsShape:        {file: "sluice.yaml", path: "apps", optional: []string{"depth", "patterns", "about"}},
	appsAboutShape:   {file: "sluice.yaml", path: "apps.about[]", required: []string{"match"}, optional: []string{"owner", "labels"}},
	targetShape:      {file: "sluice.yaml", path: "targets.NAME", optional: []string{"required", "drift", "foreign"}, open: "SETTING"},
	stageShape:       {file: "sluice.yaml", path: "stages[]", required: []string{"name"}, optional: []string{"place", "branch", "after", "promote", "merge", "mode", "gates", "gray", "targets"}},
	grayShape:        {file: "sluice.yaml", path: "stages[].gray", required: []string{"steps"}, optional: []string{"services", "labels", "health"}},
	grayStepShape:    {file: "sluice.yaml", path: "stages[].gray.steps[]", required: []string{"percent", "for"}},
	stageTargetShape: {file: "sluice.yaml", path: "stages[].targets.NAME", optional: []string{"required", "drift", "foreign"}, open: "SETTING"},
	gatesShape:       {file: "sluice.yaml", path: "stages[].gates", optional: []string{"promote", "rollback", "retire"}},
	provenanceShape:  {file: "sluice.yaml", path: "provenance", optional: []string{"unit"}},

	approvalsShape: {file: "Policies", path: "approvals", optional: []string{"observed", "signed", "roles", "after", "bind", "paths", "owners"}},
	soakShape:      {file: "Policies", path: "soak", required: []string{"for"}, optional: []string{"in", "reset"}},
	limitsShape:    {file: "Policies", path: "limits", optional: []string{"files", "bytes", "file", "line", "binary", "deletions", "large", "apps"}},
	secretsShape:   {file: "Policies", path: "secrets", optional: []string{"allow"}},
	dutiesShape:    {file: "Policies", path: "duties", optional: []string{"merger", "exclusive"}},
	healthShape:    {file: "Policies", path: "health", optional: []string{"instances", "share", "for", "in"}},
	freezeShape:    {file: "Policies", path: "freeze", required: []string{"zone"}, optional: []string{"weekly", "dates", "override"}},
	windowShape:    {file: "Policies", path: "window", required: []string{"zone"}, optional: []string{"weekly", "dates", "override"}},

	atLeastShape: {file: "Policies", path: "at_least", required: []string{"n", "of"}},
	breakerShape: {
		file: "Policies", path: "breaker",
		optional: []string{"fields", "durations", "sets", "confirm", "success", "window", "restore", "trip", "risk", "weight"},
	},
	criticalShape:   {file: "Policies", path: "critical", required: []string{"fields"}, optional: []string{"confirm"}},
	expressionShape: {file: "Policies", path: "expression", required: []string{"that"}, optional: []string{"says", "otherwise"}},
	whenShape:       {file: "Policies", path: "when", required: []string{"then"}, optional: []string{"apps", "files", "kinds"}},

	casesShape: {file: "tests/NAME.yaml", required: []string{"stage", "cases"}},
	caseShape:  {file: "tests/NAME.yaml", path: "cases[]", required: []string{"name", "facts", "want"}, optional: []string{"codes"}},
	factsShape: {
		file: "tests/NAME.yaml", path: "cases[].facts", required: []string{"app"},
		optional: []string{
			"kind", "at", "source", "soaked", "authors", "approvers", "signed", "merged_by", "title", "before", "after", "jobs", "guardrails", "rollbacks", "apps",
		},
	},
	caseRollbackShape: {file: "tests/NAME.yaml", path: "cases[].facts.rollbacks[]", required: []string{"ago"}, optional: []string{"live_after", "left"}},

	operatorShape: {
		file: "reconciler.yaml", required: []string{"projects"},
		optional: []string{"log_key_file", "next_log_key_file", "bot_key_file", "state_dir", "poll", "listen", "page", "access", "badges", "show_values", "admin", "embedded_etcd", "webhook", "traces", "shutdown_delay"},
	},
	operatorProjectShape: {
		file: "reconciler.yaml", path: "projects[]", required: []string{"repository", "anchor"},
		optional: []string{"username", "token_file", "ssh_key_file", "known_hosts_file", "ca_file", "gitlab", "ledger", "targets", "witnesses", "election"},
	},
	operatorWitnessShape: {file: "reconciler.yaml", path: "projects[].witnesses[]", required: []string{"name", "url"}},
	gitlabShape: {
		file: "reconciler.yaml", path: "projects[].gitlab", required: []string{"url", "project", "token_file"}, optional: []string{"ca_file", "notes"},
	},
	ledgerPlaceShape: {file: "reconciler.yaml", path: "projects[].ledger", optional: []string{"repository", "branch"}},
	targetAddressShape: {
		file: "reconciler.yaml", path: "projects[].targets.NAME", required: []string{"kind"},
		optional: []string{
			"endpoints", "root", "prefix", "directory", "namespace", "context", "kubeconfig_file", "username", "password_file", "token_file",
			"cert_file", "key_file", "ca_file", "settings",
		},
	},
	pollShape:     {file: "reconciler.yaml", path: "poll", optional: []string{"interval", "jitter", "guardrails"}},
	embeddedShape: {file: "reconciler.yaml", path: "embedded_etcd", optional: []string{"directory", "listen"}},
	accessShape:   {file: "reconciler.yaml", path: "access", optional: []string{"public", "header", "networks", "cert_file", "key_file", "client_ca_file", "groups_header", "visible"}},
	visibleShape: {
		file: "reconciler.yaml", path: "access.visible[]", required: []string{"group", "apps"}, optional: []string{"projects", "stages"},
	},
	tracesShape: {file: "reconciler.yaml", path: "traces", required: []string{"endpoint"}, optional: []string{"headers_file", "ca_file"}},
	webhookShape: {
		file: "reconciler.yaml", path: "webhook", required: []string{"listen"},
		optional: []string{"secret_file", "signing_key_files", "require_signature", "instances"},
	},

	rootShape: {
		file: "root.yaml", required: []string{"version", "project", "created_at", "expires_at", "threshold", "roots", "log_keys", "files"},
		optional: []string{"prev", "admin", "witnesses"},
	},
	witnessesShape:  {file: "root.yaml", path: "witnesses", required: []string{"quorum", "keys"}},
	principalsShape: {file: "principals.yaml", required: []string{"principals"}},
	principalShape:  {file: "principals.yaml", path: "principals.ID", optional: []string{"name", "roles", "forge", "emails"}},
	roleShape:       {file: "principals.yaml", path: "principals.ID.roles[]", required: []string{"role"}, optional: []string{"apps"}},
	accountShape:    {file: "principals.yaml", path: "principals.ID.forge[]", required: []string{"host", "user_id"}},
	keyShape:        {file: "keys/ID/NAME.yaml", optional: []string{"usages", "valid_from", "valid_until", "revoked"}},
	revokedShape:    {file: "keys/ID/NAME.yaml", path: "revoked", required: []string{"reason", "at"}, optional: []string{"distrust_after_entry"}},

	retirementShape: {file: "retired/APP.yaml", required: []string{"reason", "owner"}, optional: []string{"retention"}},
}
