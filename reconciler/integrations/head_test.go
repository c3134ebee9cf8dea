package integrations_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "rewrite the vectors in testdata")

// logKey is the key of the vectors: its seed is the SHA-256 of a fixed text.
func logKey() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("sluice vectors: log key"))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public() ed25519.PublicKey { return logKey().Public().(ed25519.PublicKey) }

func spec() integrations.Spec {
	key := logKey()
	return integrations.Spec{
		Name: "test", Kind: "test",
		Keys: integrations.NewLogKeys(integrations.HeadSigner{
			ID: "log-1", Key: public(), Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(key, m), nil },
		}),
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 500_000_000, time.UTC) },
	}
}

func release(seq int64, document string) integrations.Release {
	manifest := schema.Manifest{{Path: "app.yaml", Mode: schema.Regular, Digest: schema.DigestOf([]byte(document))}}
	commit, _ := schema.ParseHash("0123456789abcdef0123456789abcdef01234567")
	return integrations.Release{
		Project: "f3a9c1d2", Cell: schema.Cell{Stage: "production", App: "payments/ledger"}, Seq: seq,
		Revision: manifest.Revision(nil), Content: manifest.Content(), Commit: commit,
		Document: []byte(document), Manifest: manifest,
	}
}

func encode(t testing.TB, body integrations.Body) []byte {
	t.Helper()
	h, err := spec().SignHead(body)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// vectors are heads that any implementation must read alike.
func vectors() map[string]integrations.Body {
	inline := integrations.NewBody(release(7, `{"files":{},"values":{}}`), true)
	follows := integrations.NewBody(release(9, `{"files":{"app.yaml":{"mode":"100644","base64":"YTogMQo="}},"values":{"app.yaml":{"a":1}}}`), true)
	follows.Prev = inline.Doc
	retired := release(12, "")
	retired.Retired, retired.Revision, retired.Content, retired.Manifest = true, schema.None, schema.NoContent, nil
	large := pattern(integrations.PartSize + 1)
	parts := integrations.NewBody(release(9, string(large)), false)
	parts.Blobs = integrations.CountParts(len(large))
	return map[string]integrations.Body{
		"inline": inline, "follows": follows,
		"retired": integrations.NewBody(retired, true),
		"beside":  integrations.NewBody(release(7, "held elsewhere"), false),
		"parts":   parts,
	}
}

func TestVectors(t *testing.T) {
	for name, body := range vectors() {
		path := filepath.Join("testdata/heads", name+".json")
		raw := encode(t, body)
		if *update {
			if err := os.WriteFile(path, raw, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(raw, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, raw, want)
		}
		if err := independent(want, logKey().Public().(ed25519.PublicKey)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	public := base64.StdEncoding.EncodeToString(logKey().Public().(ed25519.PublicKey)) + "\n"
	if *update {
		if err := os.WriteFile("testdata/heads/key.pub", []byte(public), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile("testdata/heads/key.pub"); err != nil || string(want) != public {
		t.Errorf("key.pub: got %q, %v, want %q", want, err, public)
	}
}

// independent verifies a head from its text alone, as a reader in another language would: cut writtenAt and sig out,
// hash, verify.
func independent(raw []byte, key ed25519.PublicKey) error {
	var h struct{ Sig []byte }
	if err := json.Unmarshal(raw, &h); err != nil {
		return err
	}
	text := regexp.MustCompile(`"writtenAt":"[^"]*",`).ReplaceAll(raw, nil)
	text = regexp.MustCompile(`,"sig":"[^"]*"}$`).ReplaceAll(text, []byte("}"))
	sum := sha256.Sum256(text)
	if !ed25519.Verify(key, append([]byte("sluice-head-v1\n"), sum[:]...), h.Sig) {
		return fmt.Errorf("not signed: %s", text)
	}
	return nil
}

func TestHeadRoundTrip(t *testing.T) {
	for name, body := range vectors() {
		h, err := integrations.DecodeHead(encode(t, body))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !h.Body.Equal(body) || h.Prev != body.Prev {
			t.Errorf("%s: got %+v, want %+v", name, h.Body, body)
		}
		if err := h.Verify(public()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoFieldCanBeChanged(t *testing.T) {
	raw := string(encode(t, vectors()["follows"]))
	for what, swap := range map[string][2]string{
		"the project":     {`"project":"f3a9c1d2"`, `"project":"f3a9c1d3"`},
		"the stage":       {`"stage":"production"`, `"stage":"gray"`},
		"the app":         {`"app":"payments/ledger"`, `"app":"payments/other"`},
		"the fence":       {`"seq":9`, `"seq":99`},
		"the revision":    {`"revision":"sha256:`, `"revision":"sha257:`},
		"the content":     {`"content":"sha256:`, `"content":"sha257:`},
		"the document":    {`"inline":"eyJ`, `"inline":"eyI`},
		"its size":        {`"size":`, `"size":1`},
		"the commit":      {`"commit":"0123`, `"commit":"1123`},
		"retired":         {`"retired":false`, `"retired":true`},
		"what it follows": {`"prev":"sha256:`, `"prev":"sha255:`},
		"the key's name":  {`"key":"log-1"`, `"key":"log-2"`},
	} {
		changed := strings.Replace(raw, swap[0], swap[1], 1)
		if changed == raw {
			t.Fatalf("%s: %q not in %s", what, swap[0], raw)
		}
		h, err := integrations.DecodeHead([]byte(changed))
		if err == nil {
			err = h.Verify(public())
		}
		if !errors.Is(err, integrations.ErrHead) {
			t.Errorf("%s changed: got %v, want ErrHead", what, err)
		}
	}
	later := strings.Replace(raw, "2026-03-01", "2027-03-01", 1)
	h, err := integrations.DecodeHead([]byte(later))
	if err != nil || h.Verify(public()) != nil {
		t.Errorf("writtenAt is not signed, yet: %v", err)
	}
}

func TestOneWrittenForm(t *testing.T) {
	raw := string(encode(t, vectors()["inline"]))
	for what, text := range map[string]string{
		"a space":          strings.Replace(raw, ":", ": ", 1),
		"a newline":        raw + "\n",
		"an unknown field": strings.Replace(raw, `"v":1`, `"v":1,"w":2`, 1),
		"a field twice":    strings.Replace(raw, `"v":1`, `"v":1,"v":1`, 1),
		"another order":    strings.Replace(strings.Replace(raw, `"v":1,`, "", 1), `"seq"`, `"v":1,"seq"`, 1),
		"another case":     strings.Replace(raw, `"v":1`, `"V":1`, 1),
		"another version":  strings.Replace(raw, `"v":1`, `"v":2`, 1),
		"a canary":         strings.Replace(raw, `"canary":null`, `"canary":{}`, 1),
		"an escape":        strings.Replace(raw, `production`, `productio\u006e`, 1),
		"a missing field":  strings.Replace(raw, `"blobs":0,`, "", 1),
		"a zone":           strings.Replace(raw, `.5Z`, `.5+00:00`, 1),
		"a climbing app":   strings.Replace(raw, `payments/ledger`, `payments/../x`, 1),
		"null":             "null",
		"nothing":          "",
	} {
		if text == raw {
			t.Fatalf("%s: nothing changed", what)
		}
		if _, err := integrations.DecodeHead([]byte(text)); !errors.Is(err, integrations.ErrHead) {
			t.Errorf("%s: got %v, want ErrHead", what, err)
		}
	}
}

func FuzzDecodeHead(f *testing.F) {
	for _, body := range vectors() {
		f.Add(encode(f, body))
	}
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := integrations.DecodeHead(raw)
		if err != nil {
			return
		}
		again, err := h.Encode()
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("decoded %q, encoded %q, %v", raw, again, err)
		}
		if twin, err := json.Marshal(h); err != nil || !bytes.Equal(twin, raw) {
			t.Fatalf("decoded %q, as JSON %q, %v", raw, twin, err)
		}
		// Whatever is accepted and verifies can be verified without this package.
		if h.Verify(public()) == nil {
			if err := independent(raw, public()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestSignHeads(t *testing.T) {
	var bodies []integrations.Body
	for _, seq := range []int64{0, 1, 2} {
		bodies = append(bodies, integrations.NewBody(release(seq, "{}"), true))
	}
	for i, h := range spec().SignHeads(bodies) {
		if i == 0 {
			if h.Err == nil || h.Text != nil {
				t.Errorf("a body without a sequence number: %+v", h)
			}
			continue
		}
		raw, err := h.Encode()
		if err != nil || !bytes.Equal(raw, h.Text) || h.Verify(public()) != nil {
			t.Errorf("%d: %v, text %q, encoded %q", i, err, h.Text, raw)
		}
	}
	stranger := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	other := spec()
	other.Keys = integrations.NewLogKeys(integrations.HeadSigner{
		ID: "log-1", Key: public(), Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(stranger, m), nil },
	})
	if h := other.SignHeads(bodies[1:]); !errors.Is(h[0].Err, integrations.ErrHead) {
		t.Errorf("a signer that does not hold the key it names: got %v, want ErrHead", h[0].Err)
	}
}
