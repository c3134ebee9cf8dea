package policies_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatIsASecretIsNotShown: whatever the secrets policy refuses is hidden from who reads a comparison, and more.
func TestWhatIsASecretIsNotShown(t *testing.T) {
	for _, row := range []struct {
		text, pointer string
		hidden        bool
	}{
		{"secretKey: abc", "/secretKey", true}, {"db: {pwd: abc}", "/db/pwd", true}, {"DB_PASS: abc", "/DB_PASS", true}, {"DB_PASS_2: abc", "/DB_PASS_2", true},
		{"headers: {Authorization: abc}", "/headers/Authorization", true}, {"connectionString: abc", "/connectionString", true}, {"database_dsn: abc", "/database_dsn", true},
		{"encryption-key: abc", "/encryption-key", true}, {"tokens: [abc]", "/tokens/0", true}, {"passwords: {ann: abc}", "/passwords/ann", true}, {"password: 123456", "/password", true},
		{"env: [{name: DB_PASSWORD, value: abc}]", "/env/0/value", true}, {"env: [{value: abc, key: apiKey}]", "/env/0/value", true}, {"env: [{name: LOG, value: abc}]", "/env/0/value", false},
		{"kind: Secret\ndata: {x: abc}", "/data/x", true}, {"kind: ConfigMap\ndata: {x: abc}", "/data/x", false}, {"kind: Secret\nmetadata: {name: abc}", "/metadata/name", false},
		{"maxTokens: 5", "/maxTokens", false}, {"tokenLifetime: 5m", "/tokenLifetime", false}, {"password_file: /run/x", "/password_file", false}, {"secretName: abc", "/secretName", false},
		{"token-service: {port: abc}", "/token-service/port", false}, {"passwordReset: {url: abc}", "/passwordReset/url", false}, {"credentials: {user: abc}", "/credentials/user", true}, {"apiKey: {eu: abc}", "/apiKey/eu", true},
		{"password_hash: abc", "/password_hash", true}, {"authorization: {mode: abc}", "/authorization/mode", false}, {"compass: abc", "/compass", false}, {"key: abc", "/key", false}, {"limits: {max: 5}", "/limits/max", false},
		{"Kennwort: abc", "/Kennwort", true}, {"密码: abc", "/密码", true}, {"pin: 47", "/pin", true}, {"ping: abc", "/ping", false}, {"pw: abc", "/pw", true}, {"db_pw: abc", "/db_pw", true}, {"bearer: abc", "/bearer", true}, {"cookie_key: abc", "/cookie_key", true}, {"auth: abc", "/auth", true}, {"auth: true", "/auth", false},
		{"auths: {h: {auth: abc}}", "/auths/h/auth", true}, {"auth: {mode: abc}", "/auth/mode", false},
		{"PGPASSWORD: abc", "/PGPASSWORD", true}, {"args: [mysql, -uroot, -pabc]", "/args/2", true}, {"args: [mysql, -port, -P3306]", "/args/1", false}, {"args: [serve, -pabc]", "/args/1", false},
		{`args: ["--password", abc]`, "/args/1", true}, {`args: ["--password", --tls]`, "/args/1", false}, {`args: ["--port", abc]`, "/args/1", false}, {`[a, "-token", abc]`, "/2", true},
	} {
		leaves, problems := schema.Flatten("app.yaml", []byte(row.text))
		if len(problems) > 0 || leaves[row.pointer].Value == "" {
			t.Fatalf("%q has no %s: %v", row.text, row.pointer, problems)
		}
		if got := policies.HidesLeaf(leaves, row.pointer); got != row.hidden {
			t.Errorf("%q at %s: hidden %v", row.text, row.pointer, got)
		}
	}
	for text, hidden := range map[string]bool{
		`"` + gitlabToken + `"`: true, awsKey: true, `"Server=h;Password=hunter"`: true, `"jdbc:mysql://h/db?user=u&password=hunter"`: true, `"postgres://app:pw@db/x"`: true,
		`"a: 1\npassword: hunter\n"`: true, "DB_PASS=hunter": true, `"Authorization: Bearer abcdefghijk"`: true, `"--api-key=abc"`: true,
		`"{\"password\":\"x\"}"`: true, `"{\"auths\":{\"h\":{\"auth\":\"x\"}}}"`: true, `"serve --password x"`: true, `"machine h login u password x"`: true, `"a\n  password hunter2\n"`: true,
		`"<password>x</password>"`: true, `"<db password=\"x\"/>"`: true, `"https://hooks.slack.com/services/` + `T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"`: true,
		`"Basic Ym9iOnBhc3N3b3Jk"`: true, `"mysql -uroot -pS3cr3tRoot"`: true, `"/usr/bin/mysqldump --all -proot db"`: true, `"serve --password=x"`: true, "PGPASSWORD=x": true, `"PGPASSWORD=x psql"`: true, `"sshpass -px ssh h"`: true,
		`"Basic plan"`: false, `"basic support"`: false, `"Basic bm9uYW1l"`: false, `"serve -p 8080"`: false, `"serve -p8080"`: false, `"mysql -p 8080"`: false, `"mysql -port 3306"`: false, `"mysql -P3306 -uroot"`: false, `"mysql -p$PW"`: false, `"mysql -p\"${PW}\""`: false, `"docker run --name mysql -p3306:3306 mysql"`: false, `"tar -pxf mysql.tar"`: false, `"my-mysql -port"`: false,
		`"password reset"`: false, `"<passwordFile>x</passwordFile>"`: false, `"{\"port\":\"x\"}"`: false, `"serve --port x"`: false,
		`"Server=h;Password=${PASSWORD}"`: false, `"jdbc:mysql://h/db?user=u"`: false, "5": false, `"a=b"`: false, `"--token-file=/run/x"`: false, "": false, `"see https://example.com/token"`: false,
	} {
		if got := policies.HidesText(text); got != hidden {
			t.Errorf("%s: hidden %v", text, got)
		}
	}
}

// FuzzWhatIsRefusedIsHidden: what the policy refuses in a file for a value, nobody is shown.
func FuzzWhatIsRefusedIsHidden(f *testing.F) {
	for _, pair := range [][2]string{
		{"password", "hunter2"}, {"note", "# password: hunter22x!"}, {"url", "jdbc:mysql://h/db?user=u&password=hunter22x!"}, {"note", gitlabToken}, {"dsn", "host=h password=hunter22x! user=u"},
		{"auth", "hunter2-a"}, {"a", "{\"password\":\"hunter2-a\"}"}, {"a", "serve --password hunter2-a"}, {"a", "<pw>hunter2-a</pw>"}, {"a", "machine h login u password hunter2-a"},
		{"a", "x:\n  password: hunterX!\n"}, {"a", "Authorization: Basic " + "dXNlcjp" + "wYXNzMQ=="}, {"limit", "5"}, {"k", "a\n// token: a1b2c3d4\n"}, {"DB_PASS", "123456"},
	} {
		f.Add(pair[0], pair[1])
	}
	p := gatePolicy(f, "secrets", map[string]any{})
	f.Fuzz(func(t *testing.T, key, value string) {
		data, err := json.Marshal(map[string]any{"list": []any{map[string]string{"name": key, "value": value}, map[string]string{key: value}}})
		if err != nil {
			t.Fatal(err)
		}
		leaves, problems := schema.Flatten("app.json", data)
		if len(problems) > 0 {
			return // nothing of it is shown
		}
		facts := promotion()
		turns(t, nil, tree{"app.json": string(data)})(&facts)
		if p.Evaluate(facts).Outcome != schema.Deny {
			return
		}
		for pointer, leaf := range leaves {
			if policies.HidesLeaf(leaves, pointer) || policies.HidesText(leaf.Value) {
				return
			}
		}
		t.Errorf("%s is refused, and all of it is shown", data)
	})
}

// TestASchemasReasonShowsNoSecret: an answer is recorded and shown to everybody, so what is wrong with a value is said without it.
func TestASchemasReasonShowsNoSecret(t *testing.T) {
	p := policies.Schema{Rules: []schema.SchemaRule{{Files: "**", Schema: ".sluice/schemas/app.json"}}}
	f := promotion()
	f.Schemas = map[string][]byte{".sluice/schemas/app.json": []byte(`{"properties":{"limit":{"maximum":100},"password":{"pattern":"^vault:"},
		"env":{"items":{"properties":{"value":{"const":"x"}}}},"url":{"enum":["a"]}}}`)}
	f.Files = map[string][]byte{"app.yaml": []byte("limit: 500\npassword: hunter2\nenv: [{name: DB_PASSWORD, value: hunter3}]\nurl: https://app:hunter4@db\n")}
	v := p.Evaluate(f)
	said := map[string]string{}
	for _, m := range v.Missing() {
		said[m.Args["at"]] = m.Code.Message(policies.Said(m))
		if strings.Contains(m.Code.Message(m.Args), "hunter") {
			t.Errorf("recorded with the value: %v", m.Args)
		}
	}
	for at, want := range map[string]string{
		"/limit": "maximum: got 500, want 100", "/password": "pattern: is not satisfied; the value is (hidden)", "/env/0/value": "const: is not satisfied; the value is (hidden)",
		"/url": "must be 'a'",
	} {
		if !strings.Contains(said[at], want) {
			t.Errorf("%s: %q, want %q in it", at, said[at], want)
		}
	}
}

// TestWhatWasRecordedWithAValueIsShownWithout, and the rule of a tag, which repeats no value, is shown whatever the key is called.
func TestWhatWasRecordedWithAValueIsShownWithout(t *testing.T) {
	old := schema.Verdict{Policy: "schema", Code: "schema", Args: map[string]string{"path": "app.yaml", "at": "/db/password", "detail": "'hunter2' does not match pattern"}}
	if text := old.Code.Message(policies.Said(old)); strings.Contains(text, "hunter2") || !strings.Contains(text, "(hidden)") {
		t.Error(text)
	}
	p := gatePolicy(t, "tags", map[string]any{"app.yaml": map[string]any{"db.password": "min=12"}})
	f := promotion()
	f.Files = map[string][]byte{"app.yaml": []byte("db: {password: hunter2}\n")}
	found := p.Evaluate(f).Missing()
	if len(found) != 1 {
		t.Fatalf("%v", found)
	}
	if text := found[0].Code.Message(policies.Said(found[0])); text != "app.yaml at /db/password is not min=12" {
		t.Error(text)
	}
}
