package hook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/hook"
)

const token = "hook-canary-7d1f0c2e"

var (
	now  = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	keyA = []byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	keyB = []byte("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
)

// whsec is a signing key as GitLab shows it.
func whsec(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }

// sign is the signature of Standard Webhooks.
func sign(key []byte, id string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// headers are pairs of names and values; a name may come twice.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// signed are the headers of a signed event.
func signed(at time.Time, signatures ...string) http.Header {
	return headers("webhook-id", "e1", "webhook-timestamp", fmt.Sprint(at.Unix()), "webhook-signature", strings.Join(signatures, " "))
}

func TestVerify(t *testing.T) {
	const body = `{"object_kind":"push"}`
	right := sign(keyA, "e1", now, body)
	both := signed(now, sign(keyB, "e1", now, body))
	both.Set("X-Gitlab-Token", token)
	half := headers("webhook-id", "e1", "X-Gitlab-Token", token)
	twice := signed(now, right)
	twice.Add("webhook-signature", right)
	many := signed(now, append(strings.Fields(strings.Repeat("v1,eA== ", 16)), right)...)
	signing := hook.Keys{Signing: [][]byte{keyA}}
	all := hook.Keys{Token: token, Signing: [][]byte{keyA}}
	strict := hook.Keys{Token: token, Signing: [][]byte{keyA}, RequireSignature: true}
	for _, row := range []struct {
		name   string
		keys   hook.Keys
		header http.Header
		want   hook.Outcome
	}{
		{"the right token", hook.Keys{Token: token}, headers("X-Gitlab-Token", token), hook.Accepted},
		{"a wrong token", hook.Keys{Token: token}, headers("X-Gitlab-Token", token+"x"), hook.BadToken},
		{"the beginning of the token", hook.Keys{Token: token}, headers("X-Gitlab-Token", token[:4]), hook.BadToken},
		{"an empty token", hook.Keys{Token: token}, headers("X-Gitlab-Token", ""), hook.BadToken},
		{"no token", hook.Keys{Token: token}, headers(), hook.Unsigned},
		{"the right token beside another", hook.Keys{Token: token}, headers("X-Gitlab-Token", token, "X-Gitlab-Token", "x"), hook.BadToken},
		{"no keys let nothing in", hook.Keys{}, headers("X-Gitlab-Token", ""), hook.Unsigned},
		{"no keys and a signature", hook.Keys{}, signed(now, right), hook.Unsigned},
		{"the right signature", signing, signed(now, right), hook.Accepted},
		{"the right one of several signatures", signing, signed(now, "v1a,eA==", sign(keyB, "e1", now, body), right), hook.Accepted},
		{"by the second of two keys", hook.Keys{Signing: [][]byte{keyB, keyA}}, signed(now, right), hook.Accepted},
		{"by both of two keys", hook.Keys{Signing: [][]byte{keyB, keyA}}, signed(now, right, sign(keyB, "e1", now, body)), hook.Accepted},
		{"by another key", signing, signed(now, sign(keyB, "e1", now, body)), hook.BadSignature},
		{"over another body", signing, signed(now, sign(keyA, "e1", now, body+" ")), hook.BadSignature},
		{"over another id", signing, signed(now, sign(keyA, "e2", now, body)), hook.BadSignature},
		{"over another time", signing, signed(now.Add(time.Second), right), hook.BadSignature},
		{"of a version that nobody knows", signing, signed(now, "v2"+right[2:]), hook.BadSignature},
		{"a signature that is no base64", signing, signed(now, "v1,!"), hook.BadSignature},
		{"an empty signature", signing, signed(now, ""), hook.BadSignature},
		{"an empty MAC", signing, signed(now, "v1,"), hook.BadSignature},
		{"more signatures than anybody needs", signing, many, hook.BadSignature},
		{"a signature header twice", signing, twice, hook.BadSignature},
		{"signed five minutes ago", signing, signed(now.Add(-5*time.Minute), sign(keyA, "e1", now.Add(-5*time.Minute), body)), hook.Accepted},
		{"signed longer ago", signing, signed(now.Add(-301*time.Second), sign(keyA, "e1", now.Add(-301*time.Second), body)), hook.Stale},
		{"signed in the future", signing, signed(now.Add(301*time.Second), sign(keyA, "e1", now.Add(301*time.Second), body)), hook.Stale},
		{"a wrong signature beside the right token", all, both, hook.BadSignature},
		{"a part of a signature beside the right token", all, half, hook.BadSignature},
		{"the right token where either will do", all, headers("X-Gitlab-Token", token), hook.Accepted},
		{"the right token where a signature is required", strict, headers("X-Gitlab-Token", token), hook.Unsigned},
		{"the right signature where one is required", strict, signed(now, right), hook.Accepted},
		{"the right token where only signatures are known", signing, headers("X-Gitlab-Token", token), hook.Unsigned},
		{"a signature that nobody can check, beside the right token", hook.Keys{Token: token}, both, hook.Accepted},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.keys.Verify(row.header, []byte(body), now); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

// TestASignatureOfAnExample is one that another implementation made: the example of Standard Webhooks.
func TestASignatureOfAnExample(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	h := headers("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp", "1614265330", "webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	if got := (hook.Keys{Signing: [][]byte{key}}).Verify(h, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)); got != hook.Accepted {
		t.Errorf("got %s, want %s", got, hook.Accepted)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKeyFiles(t *testing.T) {
	good, signing := write(t, "  "+token+"\r\n"), write(t, whsec(keyA)+"\n")
	k, err := hook.Files{Secret: good, Signing: []string{signing, write(t, whsec(keyB))}}.Read()
	if err != nil || k.Token != token || len(k.Signing) != 2 || string(k.Signing[0]) != string(keyA) {
		t.Fatalf("got %d keys, %v", len(k.Signing), err)
	}
	for _, row := range []struct {
		name  string
		files hook.Files
		want  string
	}{
		{"no file at all", hook.Files{}, "anybody could send webhooks"},
		{"an empty secret", hook.Files{Secret: write(t, "")}, "is empty"},
		{"a secret of spaces", hook.Files{Secret: write(t, " \n\t")}, "is empty"},
		{"an empty signing key beside a good secret", hook.Files{Secret: good, Signing: []string{write(t, "\n")}}, "is empty"},
		{"an empty signing key beside a good one", hook.Files{Signing: []string{signing, write(t, "")}}, "is empty"},
		{"a signing key of nothing", hook.Files{Signing: []string{write(t, "whsec_")}}, "has 0 bytes"},
		{"a short signing key", hook.Files{Signing: []string{write(t, whsec(keyA[:23]))}}, "has 23 bytes"},
		{"a signing key without its prefix", hook.Files{Signing: []string{good}}, "whsec_"},
		{"a signing key that is no base64", hook.Files{Signing: []string{write(t, "whsec_"+token)}}, "not base64"},
		{"two secrets", hook.Files{Secret: write(t, "a\nb")}, "more than one line"},
		{"a book", hook.Files{Secret: write(t, strings.Repeat("x", 5000))}, "too large"},
		{"a directory", hook.Files{Secret: t.TempDir()}, "is not a file"},
		{"a file that is not there", hook.Files{Secret: good + "x"}, "no such file"},
		{"a signature required that nobody can check", hook.Files{Secret: good, RequireSignature: true}, "no signing key"},
	} {
		k, err := row.files.Read()
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), token) {
			t.Errorf("%s: got %v, want it to say %q and no secret", row.name, err, row.want)
		}
		if k.Token != "" || len(k.Signing) > 0 {
			t.Errorf("%s: got keys beside the error", row.name)
		}
	}
}

// FuzzVerify: without the key nothing is let in, and what is let in with it is what was signed.
func FuzzVerify(f *testing.F) {
	f.Add("e1", "1700000000", "v1,eA==", "x", `{"object_kind":"push","project":{"id":1}}`)
	f.Add("", "-1", "v1, v1,==", "", "null")
	f.Fuzz(func(t *testing.T, id, at, signature, secret, body string) {
		h := headers("webhook-id", id, "webhook-timestamp", at, "webhook-signature", signature, "X-Gitlab-Token", secret)
		k := hook.Keys{Token: token, Signing: [][]byte{keyA}}
		if got := k.Verify(h, []byte(body), now); got == hook.Accepted {
			t.Errorf("accepted %q", h)
		}
		if got := (hook.Keys{}).Verify(h, []byte(body), now); got == hook.Accepted {
			t.Errorf("accepted %q without keys", h)
		}
	})
}
