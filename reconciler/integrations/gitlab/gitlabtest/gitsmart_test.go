package gitlabtest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// smart sends one request as mia, whose token may push.
func (f *forge) smart(method, path string, header map[string]string, body []byte) (*http.Response, string) {
	f.t.Helper()
	req, err := http.NewRequest(method, f.URL()+"/"+config+".git/"+path, bytes.NewReader(body))
	f.must(err)
	req.SetBasicAuth("mia", f.Token("mia"))
	for key, value := range header {
		req.Header.Set(key, value)
	}
	resp, err := http.DefaultClient.Do(req)
	f.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	f.must(err)
	return resp, string(text)
}

// refs is the first answer of protocol 0.
func (f *forge) refs(project, service string) string {
	f.t.Helper()
	req, err := http.NewRequest("GET", f.URL()+"/"+project+".git/info/refs?service=git-"+service, nil)
	f.must(err)
	req.SetBasicAuth("mia", f.Token("mia"))
	resp, err := http.DefaultClient.Do(req)
	f.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	f.must(err)
	return string(text)
}

func line(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

func packed(text string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write([]byte(text)) // into memory
	z.Close()
	return out.Bytes()
}

// TestSmartHTTP holds the answers to git's documents of smart HTTP (gitprotocol-http), request by request.
func TestSmartHTTP(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	main := f.bare("rev-parse", "main")
	fetch := map[string]string{"Content-Type": "application/x-git-upload-pack-request"}
	zipped := map[string]string{"Content-Type": fetch["Content-Type"], "Content-Encoding": "gzip"}
	second := map[string]string{"Git-Protocol": "version=2"}
	want := line("want "+main+"\n") + "0000" + line("done\n")
	for _, row := range []struct {
		sentence     string
		method, path string
		header       map[string]string
		body         string
		status       int
		kind, begins string // of the answer
	}{
		{"refs of protocol 0", "GET", "info/refs?service=git-upload-pack", nil, "", 200,
			"application/x-git-upload-pack-advertisement", line("# service=git-upload-pack\n") + "0000"},
		{"refs for a push", "GET", "info/refs?service=git-receive-pack", nil, "", 200,
			"application/x-git-receive-pack-advertisement", line("# service=git-receive-pack\n") + "0000"},
		{"protocol 1 says so", "GET", "info/refs?service=git-upload-pack", map[string]string{"Git-Protocol": "version=1"}, "", 200,
			"application/x-git-upload-pack-advertisement", line("# service=git-upload-pack\n") + "0000" + line("version 1\n")},
		{"protocol 2 has no service line", "GET", "info/refs?service=git-upload-pack", second, "", 200,
			"application/x-git-upload-pack-advertisement", line("version 2\n")},
		{"a fetch", "POST", "git-upload-pack", fetch, want, 200, "application/x-git-upload-pack-result", line("NAK\n") + "PACK"},
		{"a fetch in gzip", "POST", "git-upload-pack", zipped, string(packed(want)), 200, "application/x-git-upload-pack-result", line("NAK\n") + "PACK"},
		{"a fetch that is not in gzip", "POST", "git-upload-pack", zipped, want, 400, "text/plain; charset=utf-8", ""},
		{"the dumb protocol", "GET", "info/refs", nil, "", 403, "text/plain; charset=utf-8", ""},
		{"another service", "GET", "info/refs?service=git-upload-archive", nil, "", 403, "text/plain; charset=utf-8", ""},
		{"refs by POST", "POST", "info/refs?service=git-upload-pack", fetch, "", 405, "text/plain; charset=utf-8", ""},
		{"a fetch by GET", "GET", "git-upload-pack", nil, "", 405, "text/plain; charset=utf-8", ""},
		{"a fetch of another type", "POST", "git-upload-pack", map[string]string{"Content-Type": "text/plain"}, want, 415, "text/plain; charset=utf-8", ""},
		{"a push with the type of a fetch", "POST", "git-receive-pack", fetch, "0000", 415, "text/plain; charset=utf-8", ""},
	} {
		resp, body := f.smart(row.method, row.path, row.header, []byte(row.body))
		if resp.StatusCode != row.status || resp.Header.Get("Content-Type") != row.kind || !strings.HasPrefix(body, row.begins) {
			t.Errorf("%s: got %d, %q and %.80q, want %d, %q and %q…", row.sentence, resp.StatusCode, resp.Header.Get("Content-Type"), body, row.status, row.kind, row.begins)
		}
		if cached := resp.Header.Get("Cache-Control"); row.status == 200 && !strings.HasPrefix(cached, "no-cache") {
			t.Errorf("%s: may be cached: %q", row.sentence, cached)
		}
	}
}

// TestPackedPushMeetsTheRules: a rule is not slipped by packing the request that names the branch.
func TestPackedPushMeetsTheRules(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.must(f.Protect(config, *noOne("main")))
	main := f.bare("rev-parse", "main")
	other := f.commit("mia", "other", map[string]string{"b.yaml": "b: 1\n"})
	pack := "PACK\x00\x00\x00\x02\x00\x00\x00\x00\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e"
	body := line(main+" "+other+" refs/heads/main\x00report-status") + "0000" + pack
	_, answer := f.smart("POST", "git-receive-pack", map[string]string{
		"Content-Type": "application/x-git-receive-pack-request", "Content-Encoding": "gzip"}, packed(body))
	if now := f.bare("rev-parse", "main"); now != main || !strings.Contains(answer, "ng refs/heads/main pre-receive hook declined") {
		t.Errorf("main is at %s, was at %s; the answer is %q", now, main, answer)
	}
}
