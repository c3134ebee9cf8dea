package policies_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// The parts of made-up secrets are joined here, so that no scanner takes this file for a leak.
var (
	gitlabToken = "glpat-" + "x7Rk2mPq9sTv4wYz8aBc"
	awsKey      = "AKIA" + "IOSFODNN7EXAMPLE"
	jwt         = "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N"
	privateKey  = "-----BEGIN " + "OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n"
)

func TestSecrets(t *testing.T) {
	p := gatePolicy(t, "secrets", map[string]any{})
	files := func(m tree) func(*policies.Facts) { return turns(t, nil, m) }
	one := []schema.Code{"secret"}
	for _, r := range []row{
		{"plain configuration", p, files(tree{"app.yaml": "limit: 5\nimage: web@sha256:4f2a9c1e7b0d\n", "logo": "\x89PNG\x00"}), schema.Allow, nil},
		{"a GitLab token under any name", p, files(tree{"app.yaml": "note: use " + gitlabToken + "\n"}), schema.Deny, one},
		{"an AWS key in a comment", p, files(tree{"app.yaml": "# " + awsKey + "\nlimit: 5\n"}), schema.Deny, one},
		{"a JSON Web Token", p, files(tree{"app.json": `{"x":"` + jwt + `"}`}), schema.Deny, one},
		{"a private key in a file of its own", p, files(tree{"id_ed25519": privateKey}), schema.Deny, one},
		{"a private key in a value", p, files(tree{"app.yaml": "key: |\n  " + strings.ReplaceAll(privateKey, "\n", "\n  ") + "\n"}), schema.Deny, one},
		{"a token among bytes that are no text", p, files(tree{"blob": "\xff\x00 " + gitlabToken}), schema.Deny, one},
		{"a password in a URL", p, files(tree{"app.yaml": "dsn: postgres://app:s3cr3t@db/app\n"}), schema.Deny, one},
		{"a URL with a placeholder", p, files(tree{"app.yaml": "dsn: postgres://app:${PASSWORD}@db/app\n"}), schema.Allow, nil},
		{"a value under the name of a secret", p, files(tree{"app.yaml": "db:\n  password: hunter2\n"}), schema.Deny, one},
		{"one under the word of another language", p, files(tree{"app.yaml": "Passwort: hunter2\n密码: hunter2\nmot_de_passe: hunter2\n"}), schema.Deny, []schema.Code{"secret", "secret", "secret"}},
		{"a number that people type", p, files(tree{"app.yaml": "pin: 4711\n"}), schema.Deny, one},
		{"pins of a board, and what is pinned", p, files(tree{"app.yaml": "ledPin: 17\npin: v1.2.3-a4\nimage_pin: sha256-4f2a9c1e7b0d\n"}), schema.Allow, nil},
		{"one in a list", p, files(tree{"app.yaml": "apiKey:\n  - 4f2a9c1e7b0d\n"}), schema.Deny, one},
		{"one in capitals in a .env file", p, files(tree{"app.env": "export DB_PASSWORD=hunter2\n"}), schema.Deny, one},
		{"one in YAML that does not parse", p, files(tree{"app.yaml": "x: [\npassword: hunter2\n"}), schema.Deny, one},
		{"the data of a Kubernetes Secret", p, files(tree{"s.yaml": "kind: Secret\ndata:\n  tls: bm90aGluZw==\n"}), schema.Deny, one},
		{"words under the name of a secret", p, files(tree{"app.yaml": "secret: db-credentials\n"}), schema.Allow, nil},
		{"what is about a secret", p, files(tree{"app.yaml": "secretName: web7-tls\ntokenLifetime: 30m5s\npassword_file: /run/S3\ntokenUrl: https://Id7.example.com\nmaxTokens: a1b2c3\n"}), schema.Allow, nil},
		{"references to where it is", p, files(tree{"app.yaml": "password: ${DB_PASSWORD1}\ntoken: vault:secret/data/App1\nsecret: ENC[AES256,data:x1]\n"}), schema.Allow, nil},
		{"two in a line are one, two lines are two", p, files(tree{"app.yaml": "{password: hunter2, token: " + gitlabToken + "}\n", "b.yaml": "a: " + awsKey + "\nb: " + awsKey + "\n"}), schema.Deny, []schema.Code{"secret", "secret", "secret"}},
		{"one that was there before", p, turns(t, tree{"app.yaml": "password: hunter2\n"}, tree{"app.yaml": "password: hunter2\n", "b": "1\n"}), schema.Deny, one},
		{"an app that leaves", p, turns(t, tree{"app.yaml": "password: hunter2\n"}, nil), schema.Allow, nil},
		{"nobody says what the files are", p, func(f *policies.Facts) { files(tree{"a": "1\n"})(f); f.After = nil }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"a file that nobody gave", p, func(f *policies.Facts) { files(tree{"a": "1\n"})(f); f.Files = nil }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"no facts", p, func(f *policies.Facts) { *f = policies.Facts{} }, schema.Hold, []schema.Code{"evidence-missing"}},
	} {
		r.run(t)
	}
}

// TestHowSecretsAreWritten has what is written in ordinary files, and what only looks like it.
func TestHowSecretsAreWritten(t *testing.T) {
	p := gatePolicy(t, "secrets", map[string]any{})
	basic := "dXNlcjp" + "wYXNzMQ=="
	for _, r := range []struct {
		file, text string
		want       schema.Outcome
	}{
		{"app.yaml", "dbpassword: hunter22x!", schema.Deny},
		{"app.yaml", "clientsecret: abcdef123456", schema.Deny},
		{"app.yaml", "env: [{name: DB_PASSWORD, value: hunter22x!}]", schema.Deny},
		{"app.yaml", "env:\n- key: apiKey\n  value: a1b2c3d4", schema.Deny},
		{"app.json", `{"env":[{"value":"hunter22x!","name":"DB_PASSWORD"}]}`, schema.Deny},
		{"app.yaml", "url: jdbc:mysql://h/db?user=u&password=hunter22x!", schema.Deny},
		{"app.yaml", "dsn: Server=h;Password=hunter22x!", schema.Deny},
		{"app.yaml", "dsn: host=h password=hunter22x! user=u", schema.Deny},
		{"app.properties", "db.url=jdbc:mysql://h/db?password=hunter22x!&ssl=on", schema.Deny},
		{"app.yaml", "command: serve --db-password=hunter22x!", schema.Deny},
		{"app.yaml", "authorization: Basic " + basic, schema.Deny},
		{"app.yaml", "headers: [\"Authorization: Bearer " + basic + "\"]", schema.Deny},
		{"app.yaml", "auth: {basic: \"Basic " + basic + "\"}", schema.Deny},
		{"app.yaml", "cmd: mysql -uroot -pS3cr3tRoot", schema.Deny},
		{"app.yaml", "cmd:\n- /usr/bin/mysqladmin\n- -pS3cr3tRoot\n- ping", schema.Deny},
		{"app.yaml", `command: ["mysql", "-uroot", "-pS3cr3tRoot"]`, schema.Deny},
		{"run.sh", "PGPASSWORD=hunter22x psql -h db", schema.Deny},
		{"app.yaml", "cmd: PGPASSWORD=hunter22x psql -h db", schema.Deny},
		{"app.yaml", "# password: hunter22x!\nlimit: 5", schema.Deny},
		{"app.yaml", "limit: 5 # DB_PASSWORD=hunter22x!", schema.Deny},
		{"main.js", "// apiKey: a1b2c3d4", schema.Deny},
		{"app.yaml", `password: "123456"`, schema.Deny},
		{"app.yaml", "db_password: 12345678", schema.Deny},
		{"app.env", "DB_PASSWORD=123456", schema.Deny},
		{"app.yaml", "pw: hunter2-a", schema.Deny},
		{"app.yaml", "db_pw: hunter2-a", schema.Deny},
		{"app.yaml", "bearer: hunter2-a", schema.Deny},
		{"app.yaml", "cookie_key: hunter2-a", schema.Deny},
		{"app.yaml", "auth: hunter2-a", schema.Deny},
		{"app.yaml", "json: '{\"password\":\"hunter2-a\"}'", schema.Deny},
		{"app.yaml", "docker: '{\"auths\":{\"h\":{\"auth\":\"" + basic + "\"}}}'", schema.Deny},
		{"config.json", `{"auths":{"h":{"auth":"` + basic + `"}}}`, schema.Deny},
		{"app.env", `JSON={"password":"hunter2-a"}`, schema.Deny},
		{"app.yaml", `args: ["--password", "hunter2-a"]`, schema.Deny},
		{"app.yaml", "args:\n- -db-password\n- Hunter!", schema.Deny},
		{"app.yaml", "command: serve --db-password hunter2-a --port 80", schema.Deny},
		{".netrc", "machine h login u password hunter2-a", schema.Deny},
		{".netrc", "machine h\n  login u\n  password hunter2-a", schema.Deny},
		{"app.yaml", "netrc: machine h login u password hunter2-a", schema.Deny},
		{"app.xml", "<db><password>hunter2-a</password></db>", schema.Deny},
		{"app.xml", `<db user="u" password="hunter2-a"/>`, schema.Deny},
		{"app.yaml", "xml: <db><password>hunter2-a</password></db>", schema.Deny},
		{"app.yaml", "file: |\n  db:\n    password: hunterX!\n", schema.Deny},
		{"app.yaml", "webhook: https://hooks.slack.com/services/" + "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", schema.Deny},

		{"app.yaml", "plan: Basic plan\nkind: basic bm9uYW1l\ncmd: serve -p 8080 -port 80 -p8080", schema.Allow},
		{"app.yaml", "cmd: mysql -uroot -p$MYSQL_PW -P3306\nrun: docker run --name mysql -p3306:3306 mysql -port 80\nargs: [mysql, -port, -P3306]", schema.Allow},
		{"app.yaml", "auth: basic\nweb: {auth: oauth2-client, db-auth: scram-sha-256}", schema.Allow},
		{"app.yaml", "images: {auth: \"registry/auth:1.2.3\"}\nhosts: {auth: auth1.example.com}\nversions: {auth: v1.22.33}\nauth: 10.0.0-beta1", schema.Allow},
		{"app.yaml", "bearerFormat: Jwt2Long\nbearerTokenFile: /run/X1\ncookie_key_id: a1b2c3d4", schema.Allow},
		{"app.yaml", "json: '{\"password\":\"${DB_PASSWORD1}\",\"tokenTTL\":\"300000ms\"}'", schema.Allow},
		{"app.yaml", `args: ["--password-file", "/run/X1", "--password", "$(DB_PASSWORD1)", "--token", "--port1-A"]`, schema.Allow},
		{"app.yaml", "help: pass --token Required. or --password (optional)", schema.Allow},
		{"app.yaml", "help: |\n  Password: Required.\n  token: (optional)\n", schema.Allow},
		{"app.yaml", "text: \"password: Required.\"\ntitle: password reset", schema.Allow},
		{"app.xml", "<password>${DB_PASSWORD1}</password><passwordFile>/run/X1</passwordFile>", schema.Allow},

		{"app.yaml", "passwordPolicy: strict", schema.Allow},
		{"app.yaml", "password_file: /run/x", schema.Allow},
		{"app.yaml", "tokenTTL: 5m", schema.Allow},
		{"app.yaml", "tokenTTL: 300000ms\ntokenLimit: 1000000\nsecretVersion: \"20261101\"\nmaxTokenAge: 100000ms", schema.Allow},
		{"app.yaml", "token: \"123456\"\npasswordEnabled: true\npassword: null", schema.Allow},
		{"app.yaml", "password: ${DB_PASSWORD}\ndbpassword: $DB_PASSWORD1\nclientsecret: secret://Vault7/db", schema.Allow},
		{"app.yaml", "env: [{name: DB_PASSWORD, value: \"$(DB_PASSWORD1)\"}, {name: LOG, value: a1B2c3}]", schema.Allow},
		{"app.yaml", "env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db1-Creds, key: pass1-Word}}}]", schema.Allow},
		{"app.yaml", "url: jdbc:mysql://h/db?user=u&password=${DB_PASSWORD}&tokenTTL=300000ms", schema.Allow},
		{"app.yaml", "dsn: Server=h1;Password={{ .Password1 }};User=Ann1", schema.Allow},
		{"app.yaml", "authorization: Bearer ${TOKEN1}\nauthorizationUrl: https://Id7.example.com/auth", schema.Allow},
		{"app.yaml", "authorization: Bearer required", schema.Allow},
		{"app.yaml", "# password: see the vault, item 7\n# token: Required.\n# secret: (optional)\n# keys: a1b2c3d4", schema.Allow},
		{"app.yaml", "# the password of db1 comes from https://vault.example.com/kv1\nlimit: 5", schema.Allow},
		{"main.js", "const token=readToken1(); if (password==Other1x) {}", schema.Allow},
		{"app.yaml", "image: web@sha256:4f2a9c1e7b0d\nargs: --cache-key=Branch1 --max-tokens=a1b2c3", schema.Allow},
		{"app.yaml", "compass: North12\ntokenizer: bpe2x9K\nbypass: a1b2c3d4", schema.Allow},
	} {
		f := promotion()
		turns(t, nil, tree{r.file: r.text + "\n"})(&f)
		if v := p.Evaluate(f); v.Outcome != r.want {
			t.Errorf("%s %q: got %s, want %s: %+v", r.file, r.text, v.Outcome, r.want, v.Missing())
		}
	}
}

func TestEveryFormOfASecretIsKnown(t *testing.T) {
	p := gatePolicy(t, "secrets", map[string]any{})
	long := "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9"
	for kind, tokens := range map[string][]string{
		"a private key":             {"-----BEGIN " + "PRIVATE KEY-----", "-----BEGIN EC " + "PRIVATE KEY-----", "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----", "AGE-SECRET-KEY-1" + strings.Repeat("Q", 58)},
		"a GitLab token":            {"glpat-" + long, "gldt-" + long, "glrt-" + long, "glcbt-" + long, "glptt-" + long, "glft-" + long, "glimt-" + long, "glagent-" + long, "gloas-" + long, "glsoat-" + long, "glffct-" + long},
		"a GitHub token":            {"ghp_" + long, "gho_" + long, "ghu_" + long, "ghs_" + long, "ghr_" + long, "github_pat_" + long},
		"an AWS access key":         {awsKey, strings.Replace(awsKey, "AKIA", "ASIA", 1)},
		"a Google API key":          {"AIza" + long},
		"a Slack token":             {"xoxb-" + long, "xoxp-" + long},
		"a Stripe key":              {"sk_live_" + long, "rk_live_" + long},
		"a Vault token":             {"hvs." + long, "hvb." + long},
		"the signature of a URL":    {"https://x.blob.core.windows.net/c?sig=" + long + "%3D"},
		"the password of a command": {"curl -u ann:" + long},
		"a JSON Web Token":          {jwt},
		"the password of a URL":     {"https://ann:" + long + "@example.com"},
	} {
		for _, token := range tokens {
			f := promotion()
			turns(t, nil, tree{"notes": "first\n  x: '" + token + "'\n"})(&f)
			missing := p.Evaluate(f).Missing()
			if len(missing) != 1 || missing[0].Args["kind"] != kind || !strings.HasPrefix(missing[0].Args["at"], "2:") || missing[0].Args["at"] == "2:1" {
				t.Errorf("%s %.9s…: got %+v", kind, token, missing)
			}
		}
	}
}

func TestSecretsThatMayStandThere(t *testing.T) {
	excepting := func(allow ...any) policies.Policy { return gatePolicy(t, "secrets", map[string]any{"allow": allow}) }
	app := turns(t, nil, tree{"app.yaml": "password: hunter2\ntoken: " + gitlabToken + "\n", "example/id": privateKey})
	one, two := []schema.Code{"secret"}, []schema.Code{"secret", "secret"}
	for _, r := range []row{
		{"files by pattern", excepting("example/*"), app, schema.Deny, two},
		{"a key by name", excepting("example/*", "app.yaml#password"), app, schema.Deny, one},
		{"a key whose value is known by its form", excepting("example/*", "*.yaml#pass*", "app.yaml#token"), app, schema.Allow, nil},
		{"a key in another file", excepting("example/*", "b.yaml#*"), app, schema.Deny, two},
		{"a pattern of keys where there is none", excepting("example/*#*", "app.yaml"), app, schema.Deny, one},
		{"one of two keys in a line excuses neither token", excepting("app.yaml#a"), turns(t, nil, tree{"app.yaml": "{a: x, b: " + gitlabToken + "}\n"}), schema.Deny, one},
		{"one of two secrets in a line leaves the other", excepting("app.yaml#password"), turns(t, nil, tree{"app.yaml": "{password: hunter2, api_key: a1b2c3d4}\n"}), schema.Deny, one},
	} {
		r.run(t)
	}
}

func TestAVerdictOnASecretSaysWhereAndNotWhat(t *testing.T) {
	f := promotion()
	turns(t, nil, tree{"conf/db.yaml": "user: app\nlong:\n  password: hunter2\n", "dsn": "ü postgres://app:s3cr3t@db/app\n", "t": gitlabToken})(&f)
	v := gatePolicy(t, "secrets", map[string]any{}).Evaluate(f)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "s3cr3t", gitlabToken} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the verdict repeats %s: %s", secret, text)
		}
	}
	want := []string{
		"conf/db.yaml:3:13 looks like a secret in plain text: the value of password",
		"dsn:1:18 looks like a secret in plain text: the password of a URL", "t:1:1 looks like a secret in plain text: a GitLab token",
	}
	for i, m := range v.Missing() {
		if got := m.Code.Message(m.Args); i >= len(want) || got != want[i] {
			t.Errorf("%d: got %q, want %q", i, got, want[min(i, len(want)-1)])
		}
	}
	if again := gatePolicy(t, "secrets", map[string]any{}).Evaluate(f); !again.Equal(v) {
		t.Errorf("the same facts gave another verdict: %+v", again)
	}
}

// FuzzSecrets looks at bytes that an adversary chose: a token stays visible whatever stands around it on other lines.
func FuzzSecrets(f *testing.F) {
	f.Add("app.yaml", []byte("password: hunter2\n"))
	f.Add("app.env", []byte("A=1\r\n"))
	f.Add("app.json", []byte(`{"a":[`))
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		facts := promotion()
		turns(t, nil, tree{path: string(data) + "\n" + gitlabToken + "\n"})(&facts)
		if v := gatePolicy(t, "secrets", map[string]any{}).Evaluate(facts); v.Outcome != schema.Deny {
			t.Errorf("%q in %q: got %s", data, path, v.Outcome)
		}
	})
}
