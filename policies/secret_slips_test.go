package policies_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// TestSecretsAreKnownAlikeWhereTheyAreRefusedAndShown has what the policy refuses beside what nobody is shown, and what both leave alone.
func TestSecretsAreKnownAlikeWhereTheyAreRefusedAndShown(t *testing.T) {
	p := gatePolicy(t, "secrets", map[string]any{})
	hex := strings.Repeat("4f2a9c1e7b0d3856", 4)
	sas := "sv=2024-11-04&sp=rwdl&sig=" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5dE7f%3D"
	for _, row := range []struct {
		text, pointer   string
		refused, hidden bool
	}{
		{"dbpwd: hunter2-a", "/dbpwd", true, true}, {"dbpwd: word", "/dbpwd", false, true}, {"smtppass: hunter2-a", "/smtppass", true, true}, {"bypass: hunter2-a", "/bypass", false, false},
		{"encryption.key: word", "/encryption.key", false, true}, {"encryption: {key: word}", "/encryption/key", false, true}, {"connection: {string: word}", "/connection/string", false, true},
		{"api: {key: a1b2c3d4}", "/api/key", true, true}, {"api: {key: [a1b2c3d4]}", "/api/key/0", true, true}, {"s3: {access: {key: a1b2c3d4}}", "/s3/access/key", true, true}, {"sort: {key: a1b2c3d4}", "/sort/key", false, false},
		{"private: {key: /etc/tls/tls1.key}", "/private/key", false, true}, {"private: {key: ./tls1/a.key}", "/private/key", false, true}, {"api: {key: /a1b2c3d4}", "/api/key", true, true},
		{"api: {port: a1b2c3d4}", "/api/port", false, false}, {"public: {key: a1b2c3d4}", "/public/key", false, false},

		{"aes_key: " + hex[:32], "/aes_key", true, true}, {"dataKey: " + hex[:48], "/dataKey", true, true}, {"crypt: {key: \"0x" + hex + "\"}", "/crypt/key", true, true}, {"AES256_KEY_HEX: " + hex, "/AES256_KEY_HEX", true, true},
		{"key: " + hex, "/key", false, true}, {"session.key: " + strings.ToUpper(hex), "/session.key", true, true},
		{"public_key: " + hex, "/public_key", false, false}, {"cacheKey: " + hex[:32], "/cacheKey", false, false}, {"host: {key: " + hex + "}", "/host/key", false, false}, {"key_id: " + hex[:32], "/key_id", false, false},
		{"aes_key: " + hex[:40], "/aes_key", false, false}, {"commit: " + hex, "/commit", false, false}, {"digest: sha256:" + hex, "/digest", false, false}, {"image: web@sha256:" + hex, "/image", false, false},
		{"key: sha256:" + hex, "/key", false, false}, {"aes_key: x" + strings.Repeat("0", 31), "/aes_key", false, false}, {"aes_key: \"" + strings.Repeat("0", 32) + "\"", "/aes_key", false, false},
		{`args: ["--aes-key=` + hex + `"]`, "/args/0", true, true}, {`args: ["--aes-key", "` + hex + `"]`, "/args/1", true, true}, {"conf: |\n  a: 1\n  aes.key=" + hex + "\n", "/conf", true, true},

		{"url: https://x.blob.core.windows.net/c?" + sas, "/url", true, true}, {"url: BlobEndpoint=https://x.blob.core.windows.net;SharedAccessSignature=" + sas, "/url", true, true},
		{"url: https://b.s3.amazonaws.com/o?X-Amz-Expires=60&X-Amz-Signature=" + hex, "/url", true, true}, {"url: https://x/c?sig=${SAS_SIGNATURE_OF_THE_ACCOUNT_THAT_IS_KEPT_ELSEWHERE}", "/url", false, false},
		{"url: https://x/c?sig=true&design=" + hex, "/url", false, false},

		{"run: curl -u app:hunter2 https://x", "/run", true, true}, {"run: curl -sS --user app:hunter2 https://x", "/run", true, true}, {"run: 'curl https://x -H a -u \"app:hunter2\"'", "/run", true, true},
		{`args: [curl, -u, "app:hunter2"]`, "/args/2", true, true}, {`args: [/usr/bin/curl, --user, "app:hunter2"]`, "/args/2", true, true}, {"args:\n- curl\n- -u\n- app:hunter2\n", "/args/2", true, true},
		{"run: curl -u $USER:$PASS https://x", "/run", false, false}, {"run: curl -u ${USER:-app}:${PASS} https://x", "/run", false, false}, {"run: 'curl -u app: https://x'", "/run", false, false},
		{"run: docker run -u app:staff web", "/run", false, false}, {"run: docker run --user 1000:1000 curl:8", "/run", false, false}, {`args: [run, -u, "1000:1000"]`, "/args/2", false, false},
		{"run: curl --user-agent=app:1 https://x:80", "/run", false, false}, {"run: curl -fsSu app https://x:80/a", "/run", false, false},

		{"passwords: {ann: abc123xyz}", "/passwords/ann", true, true}, {"passwords: [abc123xyz]", "/passwords/0", true, true}, {"db_passwords: abc123xyz", "/db_passwords", true, true}, {"DB_PASSWORDS: abc123xyz", "/DB_PASSWORDS", true, true},
		{"secrets: {db: abc123xyz}", "/secrets/db", true, true}, {"credentials: {ops: abc123xyz}", "/credentials/ops", true, true}, {"tokens: {ci: [abc123xyz]}", "/tokens/ci/0", true, true}, {"passwords: {prod: {ann: abc123xyz}}", "/passwords/prod/ann", true, true},
		{"password: {ann: abc123xyz}", "/password/ann", true, true}, {"secret: {value: abc123xyz}", "/secret/value", true, true}, {"passwords: {ann: \"123456\"}", "/passwords/ann", true, true}, {"passwords: {user: abc123xyz}", "/passwords/user", true, true},
		{"users: {passwords: [{ann: abc123xyz}]}", "/users/passwords/0/ann", true, true}, {"conf: |\n  a: 1\n  passwords=abc123xyz\n", "/conf", true, true},
		{"passwords: {minLength: 8}", "/passwords/minLength", false, false}, {"passwords: {rotate: true}", "/passwords/rotate", false, false}, {"passwords: {pattern: \"^[A-Z0-9]{8}$\"}", "/passwords/pattern", false, true}, {"passwords: {ann: \"${ANN_PASSWORD_1}\"}", "/passwords/ann", false, true},
		{"passwords: {ann: \"vault:kv/data/ann1\"}", "/passwords/ann", false, true}, {"passwords: {ann: /run/secrets/ann1}", "/passwords/ann", false, true}, {"passwords: {ann: word}", "/passwords/ann", false, true}, {"passwords: {annFile: ann1.txt.b}", "/passwords/annFile", false, true},
		{"passwords: {ann: {secretKeyRef: {name: web-1, key: ann-pw1}}}", "/passwords/ann/secretKeyRef/key", false, true}, {"secrets: {db: {secretName: web-tls1}}", "/secrets/db/secretName", false, true}, {"secrets: {db: kv/data/db1}", "/secrets/db", false, true},
		{"secrets: {db: payments-db-v2}", "/secrets/db", false, true}, {"secrets: [payments-db1]", "/secrets/0", false, true}, {"imagePullSecrets: [{name: regcred1}]", "/imagePullSecrets/0/name", false, true}, {"credentials: {username: ops12345}", "/credentials/username", false, true},
		{"secret: {audience: api-v1}", "/secret/audience", false, true}, {"secretRef: web-1db", "/secretRef", false, false}, {"maxTokens: a1b2c3", "/maxTokens", false, true}, {"maxTokens: 100000", "/maxTokens", false, false}, {"password: {help: Has 8 letters!}", "/password/help", false, true}, {"compass: a1b2c3d4", "/compass", false, false},

		{"blob: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlC", "/blob", true, true}, {"blob: LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0K", "/blob", true, true}, {"blob: LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tCg==", "/blob", true, true},
		{"blob: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUMK", "/blob", false, false}, {"blob: LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0K", "/blob", false, false},
	} {
		f := promotion()
		turns(t, nil, tree{"app.yaml": row.text + "\n"})(&f)
		if v := p.Evaluate(f); (v.Outcome == schema.Deny) != row.refused {
			t.Errorf("%q: %s: %+v", row.text, v.Outcome, v.Missing())
		}
		leaves, problems := schema.Flatten("app.yaml", []byte(row.text))
		if len(problems) > 0 || leaves[row.pointer].Value == "" {
			t.Fatalf("%q has no %s: %v", row.text, row.pointer, problems)
		}
		if got := policies.HidesLeaf(leaves, row.pointer) || policies.HidesText(leaves[row.pointer].Value); got != row.hidden {
			t.Errorf("%q at %s: hidden %v", row.text, row.pointer, got)
		}
	}
}
