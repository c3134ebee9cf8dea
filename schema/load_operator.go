package schema

import (
	"net/url"
	"strings"
)

// LoadOperator reads reconciler.yaml and fills in the defaults. file is the name that diagnostics show.
func LoadOperator(file string, data []byte) (Operator, Diagnostics) {
	src := newSource(file, data)
	v := readYAML(src, data, yamlRules{})
	if v == nil {
		return Operator{}, src.findings()
	}
	o, ok := src.object(v, operatorShape, "")
	if !ok {
		return Operator{}, unquoted(src.findings())
	}
	op := Operator{
		LogKeyFile: o.text("log_key_file"),
		BotKeyFile: o.text("bot_key_file"), NextLogKeyFile: o.text("next_log_key_file"),
		StateDir: o.text("state_dir"),
		Poll:     src.poll(o),
		Listen:   o.text("listen"),
		Page:     src.webURL(o, "page"),
		Admin:    src.adminAddress(o),
		Badges:   o.flag("badges", false),
		Access:   src.access(o), ShowValues: o.flag("show_values", false),
		Embedded: src.embedded(o),
		Traces:   src.traces(o),
	}
	if v, path := o.get("shutdown_delay"); v != nil {
		op.ShutdownDelay = src.duration(v, path)
	}
	op.Webhook = src.webhook(o, op.Listen, op.Admin)
	items, path := o.list("projects")
	for i, item := range items {
		op.Projects = append(op.Projects, src.operatorProject(item, at(path, i)))
	}
	if v, path := o.get("projects"); v != nil && len(items) == 0 {
		src.badValue(v, path, "", "want at least one project")
	}
	if len(src.found) > 0 {
		return Operator{}, src.findings()
	}
	return op, nil
}

// unquoted are findings without the lines that they are about. What is not even a map is no operator's file: it may be one of
// those that an operator has beside it, with a token.
func unquoted(found Diagnostics) Diagnostics {
	for i := range found {
		found[i].Source = ""
	}
	return found
}

// adminAddress is not the page's: metrics name repositories and targets.
func (s *source) adminAddress(o object) string {
	address := o.text("admin")
	if v, path := o.get("admin"); address != "" && address == o.text("listen") {
		s.badValue(v, path, "give it an address of its own", "the page listens there")
	}
	return address
}

func (s *source) poll(o object) Poll {
	p := Poll{Interval: DefaultPollInterval, Jitter: DefaultPollJitter, Guardrails: DefaultPollGuardrails}
	v, path := o.get("poll")
	if v == nil {
		return p
	}
	inner, ok := s.object(v, pollShape, path)
	if !ok {
		return p
	}
	if v, path := inner.get("interval"); v != nil {
		p.Interval = s.duration(v, path)
		if p.Interval == 0 {
			s.badValue(v, path, "", "want more than nothing")
		}
	}
	if v, path := inner.get("guardrails"); v != nil {
		p.Guardrails = s.duration(v, path)
		if p.Guardrails == 0 {
			s.badValue(v, path, "", "want more than nothing")
		}
	}
	if v, path := inner.get("jitter"); v != nil {
		p.Jitter = s.duration(v, path)
	}
	return p
}

// embedded reads true, or a map.
func (s *source) embedded(o object) *EmbeddedEtcd {
	v, path := o.get("embedded_etcd")
	if v == nil {
		return nil
	}
	if v.kind == boolValue {
		if v.text == "true" {
			return &EmbeddedEtcd{}
		}
		return nil
	}
	if v.kind != mapValue {
		s.wrongType(v, path, "true or false, or a map with directory:")
		return nil
	}
	inner, _ := s.object(v, embeddedShape, path)
	return &EmbeddedEtcd{Directory: inner.text("directory"), Listen: inner.text("listen")}
}

func (s *source) traces(o object) *Traces {
	v, path := o.get("traces")
	if v == nil {
		return nil
	}
	inner, ok := s.object(v, tracesShape, path)
	if !ok {
		return nil
	}
	return &Traces{Endpoint: s.webURL(inner, "endpoint"), HeadersFile: inner.text("headers_file"), CAFile: inner.text("ca_file")}
}

// webhook reads the receiver of hints. One that checks nothing is refused here already: anybody could send to it.
func (s *source) webhook(o object, page, admin string) *Webhook {
	v, path := o.get("webhook")
	if v == nil {
		return nil
	}
	before := len(s.found)
	inner, ok := s.object(v, webhookShape, path)
	if !ok {
		return nil
	}
	w := &Webhook{
		Listen: inner.text("listen"), SecretFile: inner.text("secret_file"), SigningKeyFiles: inner.texts("signing_key_files"),
		RequireSignature: inner.flag("require_signature", false), Instances: inner.texts("instances"),
	}
	switch {
	case len(s.found) > before:
	case w.SecretFile == "" && len(w.SigningKeyFiles) == 0:
		s.badValue(v, path, "write signing_key_files: [PATH] or secret_file: PATH", "nothing says who may send to it")
	case w.RequireSignature && len(w.SigningKeyFiles) == 0:
		s.badValue(v, path, "write signing_key_files: [PATH]", "no signing key is named that could check a signature")
	case w.Listen != "" && w.Listen == admin:
		s.badValue(v, path, "give the webhook an address of its own", "metrics and health are there")
	case w.Listen != "" && w.Listen == page:
		s.badValue(v, path, "give the webhook an address of its own", "the page listens there, and it only reads")
	}
	return w
}

func (s *source) operatorProject(v *value, path string) OperatorProject {
	o, ok := s.object(v, operatorProjectShape, path)
	if !ok {
		return OperatorProject{}
	}
	return OperatorProject{
		Repository:     s.repository(o, "repository"),
		Username:       o.text("username"),
		TokenFile:      o.text("token_file"),
		SSHKeyFile:     o.text("ssh_key_file"),
		KnownHostsFile: o.text("known_hosts_file"),
		CAFile:         o.text("ca_file"),
		Election:       o.text("election"),
		GitLab:         s.gitlab(o),
		Anchor:         o.digest("anchor"),
		Ledger:         s.ledgerPlace(o),
		Targets:        s.targetAddresses(o),
		Witnesses:      s.witnesses(o),
	}
}

func (s *source) witnesses(o object) []WitnessAddress {
	items, path := o.list("witnesses")
	var out []WitnessAddress
	for i, item := range items {
		inner, ok := s.object(item, operatorWitnessShape, at(path, i))
		if !ok {
			continue
		}
		out = append(out, WitnessAddress{Name: inner.text("name"), URL: s.webURL(inner, "url")})
	}
	return out
}

// repository reads where a Git repository is. A URL must not carry a password: it would be printed in errors and lists.
func (s *source) repository(o object, name string) string {
	v, path := o.get(name)
	if v == nil {
		return ""
	}
	text := s.text(v, path)
	if !strings.Contains(text, "://") {
		if strings.Contains(text, "::") && !strings.HasPrefix(text, "/") {
			s.badValue(v, path, "", "want https://, ssh://, file:// or a path")
		}
		return text // a path, or git@host:path
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		s.badValue(v, path, "", "it is not a URL")
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "ssh" && u.Scheme != "file":
		s.badValue(v, path, "", "want https://, ssh://, file:// or a path")
	case hasPassword(u), u.User != nil && u.Scheme != "ssh":
		s.report(v.at, "literal-secret", "write username: and token_file: instead", args{"field": path})
	case u.RawQuery != "" || u.Fragment != "":
		s.badValue(v, path, "", "a repository's URL has no ? and no #")
	}
	return text
}

func hasPassword(u *url.URL) bool {
	_, set := u.User.Password()
	return set
}

func (s *source) gitlab(o object) *GitLabAccess {
	v, path := o.get("gitlab")
	if v == nil {
		return nil
	}
	inner, ok := s.object(v, gitlabShape, path)
	if !ok {
		return nil
	}
	g := &GitLabAccess{URL: s.webURL(inner, "url"), TokenFile: inner.text("token_file"), CAFile: inner.text("ca_file"), NoNotes: !inner.flag("notes", true)}
	if id, idPath := inner.get("project"); id != nil && id.kind == numberValue {
		s.whole(id, idPath, 1, 1<<53)
		g.Project = id.text
	} else {
		g.Project = inner.text("project")
	}
	return g
}

func (s *source) webURL(o object, name string) string {
	v, path := o.get(name)
	if v == nil {
		return ""
	}
	text := s.text(v, path)
	u, err := url.Parse(text)
	switch {
	case text == "":
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.RawQuery != "", u.Fragment != "":
		s.badValue(v, path, "", "want a URL like https://gitlab.example.com")
	case u.User != nil:
		s.report(v.at, "literal-secret", "write token_file: instead", args{"field": path})
	}
	return strings.TrimSuffix(text, "/")
}

func (s *source) ledgerPlace(o object) LedgerPlace {
	v, path := o.get("ledger")
	if v == nil {
		return LedgerPlace{Branch: DefaultLedgerBranch}
	}
	inner, ok := s.object(v, ledgerPlaceShape, path)
	if !ok {
		return LedgerPlace{}
	}
	place := LedgerPlace{Repository: s.repository(inner, "repository"), Branch: inner.text("branch")}
	if place.Branch == "" {
		place.Branch = DefaultLedgerBranch
	} else if why := badRefName(place.Branch); why != "" {
		branch, branchPath := inner.get("branch")
		s.badValue(branch, branchPath, "", why)
	}
	return place
}

func (s *source) targetAddresses(o object) map[string]TargetAddress {
	v, path := o.get("targets")
	if v == nil {
		return nil
	}
	if v.kind != mapValue {
		s.wrongType(v, path, "a map of target names")
		return nil
	}
	out := map[string]TargetAddress{}
	for _, m := range v.fields {
		if err := CheckSegment(m.key); err != nil {
			s.report(m.at, "bad-value", "", args{"field": path, "why": err.Error()})
		}
		out[m.key] = s.targetAddress(m.key, m.value, join(path, m.key))
	}
	return out
}

func (s *source) targetAddress(name string, v *value, path string) TargetAddress {
	o, ok := s.object(v, targetAddressShape, path)
	if !ok {
		return TargetAddress{}
	}
	t := TargetAddress{
		Name: name, Kind: o.text("kind"), Endpoints: o.texts("endpoints"), Root: o.text("root"), Prefix: o.text("prefix"),
		Directory: o.text("directory"), Namespace: o.text("namespace"), Context: o.text("context"), KubeconfigFile: o.text("kubeconfig_file"),
		Username: o.text("username"), PasswordFile: o.text("password_file"), TokenFile: o.text("token_file"),
		CertFile: o.text("cert_file"), KeyFile: o.text("key_file"), CAFile: o.text("ca_file"), Settings: s.settings(o),
	}
	items, listPath := o.list("endpoints")
	for i, item := range items {
		if u, err := url.Parse(item.text); err == nil && u.User != nil {
			s.report(item.at, "literal-secret", "write username: and password_file: instead", args{"field": at(listPath, i)})
		}
	}
	return t
}

// settings reads what one kind of target alone knows; a secret is refused there too.
func (s *source) settings(o object) map[string]string {
	v, path := o.get("settings")
	if v == nil {
		return nil
	}
	if v.kind != mapValue {
		s.wrongType(v, path, "a map of settings")
		return nil
	}
	out := map[string]string{}
	for _, m := range v.fields {
		switch {
		case looksSecret(m.key):
			s.report(m.at, "literal-secret", "put it into a file and write "+m.key+"_file: PATH", args{"field": join(path, m.key)})
		case m.value.kind == boolValue || m.value.kind == numberValue:
			out[m.key] = m.value.text
		default:
			out[m.key] = s.text(m.value, join(path, m.key))
		}
	}
	return out
}
