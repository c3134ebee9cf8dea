package clients

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	koanfetcd "github.com/knadh/koanf/providers/etcd/v2"
	"github.com/knadh/koanf/v2"
	cryptetcd "github.com/sagikazarmark/crypt/backend/etcd"
	"github.com/spf13/viper"

	"github.com/sluice-gitops/sluice/ci/real"
)

const mirror = "/config/production/pay/kv/"

// remote is what viper's package of this name does for etcd3.
type remote struct{}

func (remote) Get(p viper.RemoteProvider) (io.Reader, error) {
	store, err := cryptetcd.NewV3(strings.Split(p.Endpoint(), ";"))
	if err != nil {
		return nil, err
	}
	value, err := store.Get(p.Path())
	return bytes.NewReader(value), err
}

func (r remote) Watch(p viper.RemoteProvider) (io.Reader, error) { return r.Get(p) }

func (remote) WatchChannel(p viper.RemoteProvider) (<-chan *viper.RemoteResponse, chan bool) {
	answers, quit := make(chan *viper.RemoteResponse, 1), make(chan bool)
	store, err := cryptetcd.NewV3(strings.Split(p.Endpoint(), ";"))
	if err != nil {
		answers <- &viper.RemoteResponse{Error: err}
		return answers, quit
	}
	go func() {
		for answer := range store.Watch(p.Path(), quit) {
			answers <- &viper.RemoteResponse{Value: answer.Value, Error: answer.Error}
		}
	}()
	return answers, quit
}

// TestViper reads a whole file of the mirror, as viper's remote configuration wants it, and reads it again after a change.
func TestViper(t *testing.T) {
	w := newWorld(t)
	w.admit(t, 1, "files", app("8080"))
	viper.RemoteConfig = remote{}
	v := viper.New()
	v.SetConfigType("yaml")
	if err := errors.Join(v.AddRemoteProvider("etcd3", w.endpoint, mirror+"app.yaml"), v.ReadRemoteConfig()); err != nil {
		t.Fatal(err)
	}
	if host, port := v.GetString("server.host"), v.GetInt("server.port"); host != "pay.example.com" || port != 8080 {
		t.Errorf("viper reads %s:%d", host, port)
	}
	w.admit(t, 2, "files", app("9090"))
	if err := v.WatchRemoteConfig(); err != nil {
		t.Fatal(err)
	}
	if port := v.GetInt("server.port"); port != 9090 {
		t.Errorf("after a change viper reads %d", port)
	}
}

// TestKoanf reads every value of the mirror by its prefix, and hears of a change.
func TestKoanf(t *testing.T) {
	w := newWorld(t)
	w.admit(t, 1, "leaves", app("8080"))
	p, err := koanfetcd.Provider(koanfetcd.Config{Endpoints: []string{w.endpoint}, DialTimeout: 5 * time.Second, Prefix: true, Key: mirror})
	if err != nil {
		t.Fatal(err)
	}
	read := func() *koanf.Koanf {
		k := koanf.New("/")
		if err := k.Load(p, nil); err != nil {
			t.Fatal(err)
		}
		return k
	}
	k := read()
	for key, want := range map[string]string{
		"app.yaml/server/port": "8080", "app.yaml/server/host": "pay.example.com", "app.yaml/hosts/1": "b", "app.yaml/rate": "1.10",
		"db.properties": "url=jdbc:postgresql://db/pay\n",
	} {
		if got := k.String(mirror + key); got != want {
			t.Errorf("koanf reads %q of %s, want %q", got, key, want)
		}
	}
	changed := make(chan error, 100)
	if err := p.Watch(func(_ any, err error) { changed <- err }); err != nil {
		t.Fatal(err)
	}
	// koanf does not say when it has begun to watch, so there is more than one change.
	for seq := int64(2); ; seq++ {
		w.admit(t, seq, "leaves", app(map[bool]string{true: "9090", false: "7070"}[seq%2 == 0]))
		select {
		case err := <-changed:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(100 * time.Millisecond):
			continue
		}
		if got := read().Int(mirror + "app.yaml/server/port"); got != 9090 && got != 7070 {
			t.Errorf("after a change koanf reads %d", got)
		}
		return
	}
}

// TestEtcdctl reads what a person at a shell would.
func TestEtcdctl(t *testing.T) {
	program := real.Binary(t, "etcdctl")
	w := newWorld(t)
	get := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), program, append([]string{"--endpoints", w.endpoint, "get"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("etcdctl get %s: %v\n%s", args, err, out)
		}
		return string(out)
	}
	w.admit(t, 1, "leaves", app("8080"))
	if got := get("--print-value-only", mirror+"app.yaml/server/port"); got != "8080\n" {
		t.Errorf("etcdctl reads %q", got)
	}
	if got := get("--prefix", "--keys-only", mirror+"app.yaml/hosts/"); !strings.Contains(got, "hosts/0") || !strings.Contains(got, "hosts/1") {
		t.Errorf("etcdctl lists %q", got)
	}
	w.admit(t, 2, "files", app("9090"))
	if got := get("--print-value-only", mirror+"app.yaml"); got != app("9090")["app.yaml"]+"\n" {
		t.Errorf("etcdctl reads %q", got)
	}
	if got := get("--prefix", "--keys-only", mirror+"app.yaml/"); strings.TrimSpace(got) != "" {
		t.Errorf("etcdctl lists keys of the mirror before: %q", got)
	}
}
