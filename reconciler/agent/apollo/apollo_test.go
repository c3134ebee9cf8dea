package apollo_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-gitops/sluice/reconciler/agent/apollo"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const accessKey = "0123456789abcdef0123456789abcdef"

var files = map[string]any{
	"app.yaml":         map[string]any{"server": map[string]any{"port": 8080, "hosts": []string{"a", "b"}}, "name": "Zoë"},
	"db.properties":    "url = jdbc:x\nuser=pay\n",
	"db.json":          map[string]any{"url": "another"},
	"conf/limits.yaml": map[string]any{"max": 5000},
	"conf.limits.json": map[string]any{"max": 7000},
	"logging.xml":      "<a>b</a>\n",
	"bad.yaml":         map[string]any{"a": map[string]any{"b": 1}, "a.b": 2},
	"logo.png":         []byte{0xff, 0xd8},
}

// world is a server that has one release of pay in production.
type world struct {
	t      *testing.T
	source *providertest.Source
	p      *provider.Provider
	server *apollo.Server
}

func newWorld(t *testing.T, opts apollo.Options) *world {
	w := &world{t: t, source: providertest.New(files)}
	var err error
	if w.p, err = provider.Open(t.Context(), w.source.Options()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.p.Close() })
	opts.AnyName = opts.Names == nil
	opts.Stage, opts.Apps = providertest.Stage, []string{"pay", "shop/cart"}
	w.server = apollo.New(opts)
	errs := w.server.Publish("pay", w.p.Snapshot())
	if len(errs) != 1 || errs[0].Error() != `bad.yaml: two values would have the key "a.b"` {
		t.Errorf("got %v", errs)
	}
	return w
}

func (w *world) publish(files map[string]any) {
	w.source.Set(files)
	if err := w.p.Refresh(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.server.Publish("pay", w.p.Snapshot())
}

func (w *world) get(ctx context.Context, target string, header http.Header) (int, string) {
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	for name, values := range header {
		request.Header[name] = values
	}
	answer := httptest.NewRecorder()
	w.server.ServeHTTP(answer, request)
	body, _ := io.ReadAll(answer.Body)
	return answer.Code, string(body)
}

func TestWhatIsAnswered(t *testing.T) {
	w := newWorld(t, apollo.Options{Anonymous: true})
	for _, row := range []struct {
		sentence, target string
		status           int
		want             string // of the answer
	}{
		{"the default namespace is app.yaml", "/configs/pay/default/application", 200, `"configurations":{"name":"Zoë","server.hosts[0]":"a","server.hosts[1]":"b","server.port":"8080"}`},
		{"and names itself as it was asked", "/configs/pay/default/application?releaseKey=&ip=10.0.0.1&label=", 200, `{"appId":"pay","cluster":"default","namespaceName":"application",`},
		{"the stage is a cluster", "/configs/pay/production/app", 200, `"server.port":"8080"`},
		{"another stage is none", "/configs/pay/staging/application", 404, "no such app in this cluster"},
		{"a file with its ending is its text", "/configs/pay/default/logging.xml", 200, `"configurations":{"content":"\u003ca\u003eb\u003c/a\u003e\n"}`},
		{"also one that has flat keys", "/configs/pay/default/app.yaml", 200, `"content":"{\"name\":`},
		{".properties comes before .json", "/configs/pay/default/db", 200, `"configurations":{"url":"jdbc:x","user":"pay"}`},
		{"and is no part of the name", "/configs/pay/default/db.properties", 200, `"configurations":{"url":"jdbc:x","user":"pay"}`},
		{"a file in a folder", "/configs/pay/default/conf%2Flimits", 200, `"max":"5000"`},
		{"does not take the name of one beside it", "/configs/pay/default/conf.limits", 200, `"max":"7000"`},
		{"keys that would be lost are not served", "/configs/pay/default/bad", 404, "no such namespace"},
		{"no text", "/configs/pay/default/logo.png", 404, "no such namespace"},
		{"no file", "/configs/pay/default/nothing", 404, "no such namespace"},
		{"no such app", "/configs/cart/default/application", 404, "no such app"},
		{"an app that was not read yet", "/configs/shop.cart/default/application", 503, "this app was not read yet"},
		{"as properties", "/configfiles/pay/default/db", 200, "url=jdbc:x\nuser=pay\n"},
		{"as JSON", "/configfiles/json/pay/default/db", 200, `{"url":"jdbc:x","user":"pay"}`},
		{"raw", "/configfiles/raw/pay/default/logging.xml", 200, "<a>b</a>\n"},
		{"raw without an ending", "/configfiles/raw/pay/default/db", 200, "url=jdbc:x\nuser=pay\n"},
		{"who serves", "http://config.example.com/services/config?appId=pay", 200, `"homepageUrl":"http://config.example.com/"`},
		{"notifications of nothing", "/notifications/v2?appId=pay&cluster=default&notifications=[]", 400, "want a list"},
		{"notifications that are none", "/notifications/v2?appId=pay&cluster=default", 400, "want a list"},
		{"notifications of another stage", "/notifications/v2?appId=pay&cluster=test", 404, "no such app in this cluster"},
		{"a path that is none", "/apollo", 404, ""},
	} {
		status, body := w.get(t.Context(), row.target, nil)
		if status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: %s answers %d %s, want %d with %s", row.sentence, row.target, status, body, row.status, row.want)
		}
	}
	answer := httptest.NewRecorder()
	w.server.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/configs/pay/default/application", nil))
	if answer.Code != http.StatusMethodNotAllowed {
		t.Errorf("a POST answers %d", answer.Code)
	}
}

func TestAnUnchangedReleaseIsNotSentAgain(t *testing.T) {
	w := newWorld(t, apollo.Options{Anonymous: true})
	key := func(target string) string {
		_, body := w.get(t.Context(), target, nil)
		var answer struct{ ReleaseKey string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.ReleaseKey == "" {
			t.Fatalf("%s: %v", body, err)
		}
		return answer.ReleaseKey
	}
	app, db := key("/configs/pay/default/application"), key("/configs/pay/default/db")
	w.publish(map[string]any{"app.yaml": map[string]any{"port": 1}, "db.properties": "user=pay\nurl=jdbc:x\n"})
	if status, _ := w.get(t.Context(), "/configs/pay/default/db?releaseKey="+db, nil); status != http.StatusNotModified {
		t.Errorf("what another release left as it was answers %d", status)
	}
	if status, body := w.get(t.Context(), "/configs/pay/default/application?releaseKey="+app, nil); status != 200 || !strings.Contains(body, `{"port":"1"}`) {
		t.Errorf("what it changed answers %d %s", status, body)
	}
}

func signed(key, app, target string, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(stamp + "\n" + target))
	return http.Header{"Timestamp": {stamp}, "Authorization": {"Apollo " + app + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
}

func TestAccessKeys(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	keys := apollo.Keys{"pay": {"an older one, that goes", accessKey}}
	const target = "/configs/pay/default/application?releaseKey=&ip=10.0.0.1"
	for _, row := range []struct {
		sentence string
		opts     apollo.Options
		target   string
		header   http.Header
		status   int
		want     string
	}{
		{"signed", apollo.Options{Keys: keys}, target, signed(accessKey, "pay", target, now), 200, "8080"},
		{"by the key that goes", apollo.Options{Keys: keys}, target, signed("an older one, that goes", "pay", target, now), 200, "8080"},
		{"a path with escapes", apollo.Options{Keys: keys}, "/configs/pay/default/conf%2Flimits", signed(accessKey, "pay", "/configs/pay/default/conf%2Flimits", now), 200, "5000"},
		{"signed without escapes", apollo.Options{Keys: keys}, "/configs/pay/default/conf%2Flimits", signed(accessKey, "pay", "/configs/pay/default/conf/limits", now), 200, "5000"},
		{"not signed", apollo.Options{Keys: keys}, target, nil, 401, "RequestTimeTooSkewed"},
		{"by another key", apollo.Options{Keys: keys}, target, signed("another key of that length", "pay", target, now), 401, "Unauthorized"},
		{"for another namespace", apollo.Options{Keys: keys}, target, signed(accessKey, "pay", "/configs/pay/default/db?releaseKey=&ip=10.0.0.1", now), 401, "Unauthorized"},
		{"for another query", apollo.Options{Keys: keys}, target, signed(accessKey, "pay", "/configs/pay/default/application", now), 401, "Unauthorized"},
		{"as another app", apollo.Options{Keys: keys}, target, signed(accessKey, "cart", target, now), 401, "Unauthorized"},
		{"a minute ago", apollo.Options{Keys: keys}, target, signed(accessKey, "pay", target, now.Add(-time.Minute)), 401, "RequestTimeTooSkewed"},
		{"a second less", apollo.Options{Keys: keys}, target, signed(accessKey, "pay", target, now.Add(-59*time.Second)), 200, "8080"},
		{"a minute ahead", apollo.Options{Keys: keys}, target, signed(accessKey, "pay", target, now.Add(time.Minute)), 401, "RequestTimeTooSkewed"},
		{"a time that overflows", apollo.Options{Keys: keys}, target, http.Header{"Timestamp": {"9223372036854775807"}}, 401, "RequestTimeTooSkewed"},
		{"notifications are asked for by the same rule", apollo.Options{Keys: keys}, "/notifications/v2?appId=pay&cluster=default", nil, 401, "RequestTimeTooSkewed"},
		{"files too", apollo.Options{Keys: keys}, "/configfiles/json/pay/default/application", nil, 401, "RequestTimeTooSkewed"},
		{"an app with a key, where others have none", apollo.Options{Keys: keys, Anonymous: true}, target, nil, 401, "RequestTimeTooSkewed"},
		{"an app without a key", apollo.Options{Keys: apollo.Keys{"cart": {accessKey}}}, target, signed(accessKey, "pay", target, now), 401, "Unauthorized"},
		{"no key at all", apollo.Options{}, target, nil, 401, "Unauthorized"},
		{"an app that is none", apollo.Options{Keys: keys}, "/configs/none/default/application", nil, 401, "Unauthorized"},
	} {
		row.opts.Now = func() time.Time { return now }
		w := newWorld(t, row.opts)
		status, body := w.get(t.Context(), row.target, row.header)
		if status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: answers %d %s, want %d with %s", row.sentence, status, body, row.status, row.want)
		}
	}
}

// TestNames: a page in somebody's browser, whose name leads to this machine, gets nothing.
func TestNames(t *testing.T) {
	var log strings.Builder
	w := newWorld(t, apollo.Options{Anonymous: true, Names: []string{"config.example.com"}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST.:8080": 200, "127.0.0.1": 200, "127.0.0.1:8080": 200, "[::1]": 200, "[::1]:8080": 200,
		"config.example.com": 200, "Config.example.com:8080": 200,
		"evil.example.com": 421, "evil.example.com:8080": 421, "localhost.evil.example.com": 421, "127.0.0.1.evil.example.com": 421,
	} {
		for _, path := range []string{"/configs/pay/default/application", "/services/config"} {
			if status, body := w.get(t.Context(), "http://"+host+path, nil); status != want || status != 200 && strings.Contains(body, "evil") {
				t.Errorf("%s of %s: answers %d %s, want %d", path, host, status, body, want)
			}
		}
	}
	if n := strings.Count(log.String(), "refused a request for another name"); n != 1 {
		t.Errorf("the log has %d lines, want one a minute: %s", n, &log)
	}
}

func TestParseKeys(t *testing.T) {
	keys, err := apollo.ParseKeys("# of production\n\npay " + accessKey + "\npay 0123456789abcdefg\nshop/cart " + accessKey + "\n")
	if err != nil || len(keys["pay"]) != 2 || len(keys["shop/cart"]) != 1 {
		t.Errorf("got %v, %v", keys, err)
	}
	for _, text := range []string{"", "pay\n", "pay short\n", "pay 0123456789abcdef and more\n"} {
		if _, err := apollo.ParseKeys(text); err == nil || strings.Contains(err.Error(), "short") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
