package schema_test

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func TestOperatorWithDefaultsAndWithout(t *testing.T) {
	anchor := schema.DigestOf([]byte("root"))
	rows := []struct {
		name, text string
		want       schema.Operator
	}{
		{
			"the least", "projects:\n  - {repository: /srv/config.git, anchor: " + string(anchor) + "}\n",
			schema.Operator{
				Projects: []schema.OperatorProject{{Repository: "/srv/config.git", Anchor: anchor, Ledger: schema.LedgerPlace{Branch: "sluice/ledger"}}},
				Poll:     schema.Poll{Interval: 30 * time.Second, Jitter: 5 * time.Second, Guardrails: 10 * time.Minute},
			},
		}, {
			"everything", `
projects:
  - repository: git@gitlab.example.com:cfg/apps.git
    username: sluice
    token_file: /t
    ssh_key_file: /k
    known_hosts_file: /h
    ca_file: /c
    gitlab: {url: "https://gitlab.example.com/", project: 42, token_file: /g, ca_file: /gc, notes: false}
    anchor: ` + string(anchor) + `
    ledger: {repository: "ssh://git@gitlab.example.com/cfg/ledger.git", branch: main}
    targets:
      etcd: {kind: etcd, endpoints: ["https://etcd:2379"], root: /config, username: u, password_file: /p, cert_file: /c1, key_file: /k1, ca_file: /a1, settings: {dial_timeout: 5s, max_ops: 64, mirror: true}}
      web: {kind: configmap, kubeconfig_file: /kc, context: prod, namespace: shop, prefix: cfg-, token_file: /tk}
      out: {kind: file, directory: /srv/out}
    witnesses: [{name: witness.example/w1, url: "https://witness.example/w1/"}]
log_key_file: /log
next_log_key_file: /next
bot_key_file: /bot
state_dir: /state
poll: {interval: 1m, jitter: 0s, guardrails: 1h}
listen: 127.0.0.1:8080
page: https://sluice.example.com/
access: {header: X-User, networks: [10.1.2.3/16], cert_file: /pc, key_file: /pk, client_ca_file: /pca, groups_header: X-Groups, visible: [{group: payments, apps: ["payments/**"], stages: [gray], projects: [config]}, {group: ops, apps: ["**"]}]}
badges: true
show_values: true
admin: 127.0.0.1:9090
shutdown_delay: 5s
traces: {endpoint: "https://otel.example.com/", headers_file: /oh, ca_file: /oa}
embedded_etcd: {directory: /etcd, listen: "127.0.0.1:2379"}
webhook: {listen: "127.0.0.1:8081", secret_file: /ws, signing_key_files: [/w1, /w2], require_signature: true, instances: ["https://gitlab.example.com"]}
`,
			schema.Operator{
				Projects: []schema.OperatorProject{{
					Repository: "git@gitlab.example.com:cfg/apps.git", Username: "sluice", TokenFile: "/t", SSHKeyFile: "/k", KnownHostsFile: "/h", CAFile: "/c",
					GitLab: &schema.GitLabAccess{URL: "https://gitlab.example.com", Project: "42", TokenFile: "/g", CAFile: "/gc", NoNotes: true},
					Anchor: anchor, Ledger: schema.LedgerPlace{Repository: "ssh://git@gitlab.example.com/cfg/ledger.git", Branch: "main"},
					Targets: map[string]schema.TargetAddress{
						"etcd": {
							Name: "etcd", Kind: "etcd", Endpoints: []string{"https://etcd:2379"}, Root: "/config", Username: "u", PasswordFile: "/p",
							CertFile: "/c1", KeyFile: "/k1", CAFile: "/a1", Settings: map[string]string{"dial_timeout": "5s", "max_ops": "64", "mirror": "true"},
						},
						"web": {Name: "web", Kind: "configmap", KubeconfigFile: "/kc", Context: "prod", Namespace: "shop", Prefix: "cfg-", TokenFile: "/tk"},
						"out": {Name: "out", Kind: "file", Directory: "/srv/out"},
					},
					Witnesses: []schema.WitnessAddress{{Name: "witness.example/w1", URL: "https://witness.example/w1"}},
				}},
				LogKeyFile: "/log", NextLogKeyFile: "/next", BotKeyFile: "/bot", StateDir: "/state", Poll: schema.Poll{Interval: time.Minute, Guardrails: time.Hour}, Listen: "127.0.0.1:8080", Page: "https://sluice.example.com", Admin: "127.0.0.1:9090", Badges: true, ShowValues: true,
				Access: schema.PageAccess{Header: "X-User", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, CertFile: "/pc", KeyFile: "/pk", ClientCAFile: "/pca", GroupsHeader: "X-Groups", Visible: []schema.Visibility{
					{Group: "payments", Apps: schema.Patterns{"payments/**"}, Stages: []schema.StageName{"gray"}, Projects: []string{"config"}}, {Group: "ops", Apps: schema.Patterns{"**"}}}},
				Embedded:      &schema.EmbeddedEtcd{Directory: "/etcd", Listen: "127.0.0.1:2379"},
				ShutdownDelay: 5 * time.Second,
				Traces:        &schema.Traces{Endpoint: "https://otel.example.com", HeadersFile: "/oh", CAFile: "/oa"},
				Webhook: &schema.Webhook{
					Listen: "127.0.0.1:8081", SecretFile: "/ws", SigningKeyFiles: []string{"/w1", "/w2"}, RequireSignature: true,
					Instances: []string{"https://gitlab.example.com"},
				},
			},
		},
	}
	for _, row := range rows {
		got, ds := schema.LoadOperator("reconciler.yaml", []byte(row.text))
		if err := ds.Err(); err != nil {
			t.Errorf("%s: %v", row.name, err)
		} else if !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: got  %+v\nwant %+v", row.name, got, row.want)
		}
	}
}

func TestAFileWithASecretIsNoSecret(t *testing.T) {
	rows := map[string]schema.Code{"api_token: x": "literal-secret", "clientSecret: x": "literal-secret", "api_token_file: x": "unknown-field"}
	for line, code := range rows {
		text := "projects:\n  - {anchor: " + string(schema.DigestOf(nil)) + ", repository: /x}\n" + line + "\n"
		if _, ds := schema.LoadOperator("reconciler.yaml", []byte(text)); len(ds) != 1 || ds[0].Code != code {
			t.Errorf("%s: got %v, want %s", line, ds.Err(), code)
		}
	}
}

func TestRepositoriesThatAreRefused(t *testing.T) {
	rows := map[string]schema.Code{
		"https://token@gitlab.example.com/x.git":  "literal-secret",
		"ssh://git:pw@gitlab.example.com/x.git":   "literal-secret",
		"ext::sh -c touch% /tmp/x":                "bad-value",
		"ftp://example.com/x.git":                 "bad-value",
		"https://example.com/x.git?token=abc":     "bad-value",
		"https://exa mple.com/x.git":              "bad-value",
		"git://example.com/x.git":                 "bad-value",
		"file-like::transport://example.com/repo": "bad-value",
	}
	for url, code := range rows {
		text := "projects:\n  - {anchor: " + string(schema.DigestOf(nil)) + ", repository: \"" + url + "\"}\n"
		_, ds := schema.LoadOperator("reconciler.yaml", []byte(text))
		if len(ds) != 1 || ds[0].Code != code {
			t.Errorf("%s: got %v, want %s", url, ds.Err(), code)
		}
	}
}

func TestWebhooksThatAreRefused(t *testing.T) {
	rows := []struct {
		name, webhook string
		code          schema.Code
	}{
		{"one that checks nothing", "{listen: 127.0.0.1:8081}", "bad-value"},
		{"an empty list of keys", "{listen: 127.0.0.1:8081, signing_key_files: []}", "bad-value"},
		{"a signature that nothing could check", "{listen: 127.0.0.1:8081, secret_file: /s, require_signature: true}", "bad-value"},
		{"the address of the metrics", "{listen: 127.0.0.1:9090, secret_file: /s}", "bad-value"},
		{"the page's address", "{listen: 127.0.0.1:8080, secret_file: /s}", "bad-value"},
		{"no address", "{secret_file: /s}", "missing-field"},
		{"a secret in the file", "{listen: 127.0.0.1:8081, secret: hunter2}", "literal-secret"},
		{"the name of a file as a list", "{listen: 127.0.0.1:8081, secret_file: [/s]}", "wrong-type"},
	}
	for _, row := range rows {
		text := "projects:\n  - {anchor: " + string(schema.DigestOf(nil)) + ", repository: /x}\nlisten: 127.0.0.1:8080\nadmin: 127.0.0.1:9090\nwebhook: " + row.webhook + "\n"
		_, ds := schema.LoadOperator("reconciler.yaml", []byte(text))
		if len(ds) != 1 || ds[0].Code != row.code {
			t.Errorf("%s: got %v, want %s", row.name, ds.Err(), row.code)
		}
	}
}

func TestHalfARuleAboutWhoMayLookIsRefused(t *testing.T) {
	const proxy = "{header: X-User, networks: [10.0.0.0/8], groups_header: X-Groups"
	rows := []struct {
		name, access string
		fine         bool
	}{
		{"everybody", "{public: true}", true}, {"a proxy", "{header: X-User, networks: [127.0.0.1/32]}", true}, {"certificates", "{cert_file: /c, key_file: /k, client_ca_file: /a}", true},
		{"TLS and everybody", "{public: true, cert_file: /c, key_file: /k}", true},
		{"a header from anywhere", "{header: X-User}", false}, {"networks of nobody", "{networks: [10.0.0.0/8]}", false}, {"a network that is none", "{header: X-User, networks: [10.0.0.300/8]}", false},
		{"a certificate without key", "{cert_file: /c}", false}, {"clients without TLS", "{client_ca_file: /a}", false}, {"everybody and some", "{public: true, header: X-User, networks: [10.0.0.0/8]}", false},
		{"an unknown word", "{everybody: true}", false},
		{"a proxy that says groups", proxy + `, visible: [{group: g, apps: ["**"]}]}`, true}, {"groups by certificate", `{cert_file: /c, key_file: /k, client_ca_file: /a, visible: [{group: g, apps: [a/*], stages: [s], projects: [p]}]}`, true},
		{"nobody sees anything", proxy + ", visible: []}", true}, {"nobody sees anything, written shorter", proxy + ", visible: }", true},
		{"groups that nothing depends on", proxy + "}", false}, {"groups of nobody", `{groups_header: G, visible: [{group: g, apps: ["**"]}]}`, false},
		{"groups that nobody says", `{header: X-User, networks: [10.0.0.0/8], visible: [{group: g, apps: ["**"]}]}`, false}, {"groups where everybody looks", `{public: true, visible: [{group: g, apps: ["**"]}]}`, false},
		{"a group that sees no app", proxy + ", visible: [{group: g}]}", false}, {"a group of no apps", proxy + ", visible: [{group: g, apps: []}]}", false}, {"a group of empty apps", proxy + ", visible: [{group: g, apps: }]}", false},
		{"a group of no stages", proxy + `, visible: [{group: g, apps: ["**"], stages: []}]}`, false}, {"a group of empty stages", proxy + `, visible: [{group: g, apps: ["**"], stages: }]}`, false},
		{"a group of no projects", proxy + `, visible: [{group: g, apps: ["**"], projects: []}]}`, false}, {"a group of empty projects", proxy + `, visible: [{group: g, apps: ["**"], projects: }]}`, false},
		{"a pattern that is none", proxy + ", visible: [{group: g, apps: [../x]}]}", false}, {"apps of no group", proxy + `, visible: [{apps: ["**"]}]}`, false},
	}
	for _, row := range rows {
		_, found := schema.LoadOperator("reconciler.yaml", []byte("projects:\n  - {anchor: "+string(schema.DigestOf(nil))+", repository: /x}\naccess: "+row.access+"\n"))
		if (len(found) == 0) != row.fine {
			t.Errorf("%s: %v", row.name, found)
		}
		for _, d := range found {
			if d.Position.Line != 3 || d.Position.Column == 0 {
				t.Errorf("%s: found at %s, want its place in line 3", row.name, d.Position)
			}
		}
	}
}
