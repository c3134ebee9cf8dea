package apollo_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/agent/apollo"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func polled(cluster string, seen ...any) string {
	var list []map[string]any
	for i := 0; i < len(seen); i += 2 {
		list = append(list, map[string]any{"namespaceName": seen[i], "notificationId": seen[i+1]})
	}
	text, _ := json.Marshal(list)
	return "/notifications/v2?appId=pay&cluster=" + cluster + "&notifications=" + url.QueryEscape(string(text))
}

// ask asks beside the test, up to where it waits.
func (w *world) ask(target string) chan string {
	answer := make(chan string, 1)
	go func() {
		status, body := w.get(w.t.Context(), target, nil)
		answer <- strconv.Itoa(status) + " " + body
	}()
	synctest.Wait()
	return answer
}

// answered is what a request gets now.
func answered(t *testing.T, sentence string, answer chan string, want string) {
	t.Helper()
	synctest.Wait()
	select {
	case got := <-answer:
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", sentence, got, want)
		}
	default:
		t.Errorf("%s: nothing is answered, want %s", sentence, want)
	}
}

func TestNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, apollo.Options{Anonymous: true, Waiters: 1})
		answered(t, "a client that has seen nothing", w.ask(polled("default", "application", -1, "nothing", -1)),
			`200 [{"namespaceName":"application","notificationId":1,"messages":{"details":{"pay+default+application":1}}}]`)
		time.Sleep(10 * time.Second)
		start := time.Now()
		idle := w.ask(polled("production", "application", 1))
		if len(idle) > 0 {
			t.Fatal("what was seen is told again")
		}
		answered(t, "one more than may wait", w.ask(polled("default", "db", 1)), `503 {"message":"too many clients wait for this app","status":503}`)
		time.Sleep(time.Minute)
		answered(t, "nothing for a minute", idle, "304 ")
		if took := time.Since(start); took != time.Minute {
			t.Errorf("held for %s", took)
		}
		waiting := w.ask(polled("default", "application", 1, "db.properties", 1))
		changed := map[string]any{"app.yaml": files["app.yaml"], "db.properties": "user=else\n"}
		w.publish(changed)
		answered(t, "a change of one of two", waiting, `200 [{"namespaceName":"db.properties","notificationId":2,"messages":{"details":{"pay+default+db.properties":2}}}]`)
		waiting = w.ask(polled("default", "application", 1))
		w.publish(map[string]any{"app.yaml": files["app.yaml"], "db.properties": "user=third\n"})
		synctest.Wait()
		if len(waiting) > 0 {
			t.Errorf("a release that left it as it was wakes a client: %s", <-waiting)
		}
		time.Sleep(10 * time.Second)
		w.publish(map[string]any{"app.yaml": map[string]any{"port": 2}})
		answered(t, "and the next that did not", waiting, `200 [{"namespaceName":"application","notificationId":4,"messages":{"details":{"pay+default+application":4}}}]`)
		waiting = w.ask(polled("default", "application", 4))
		w.server.Close()
		w.server.Close()
		answered(t, "the server ends", waiting, "304 ")
		w.p.Close()
	})
}

// TestSeveralServersLoseNoUpdate: who was told by one reads at another that has not seen it yet.
func TestSeveralServersLoseNoUpdate(t *testing.T) {
	const id2 = `200 [{"namespaceName":"application","notificationId":2`
	synctest.Test(t, func(t *testing.T) {
		a := newWorld(t, apollo.Options{Anonymous: true})
		b := &world{t: t, server: apollo.New(apollo.Options{Stage: providertest.Stage, Apps: []string{"pay"}, Anonymous: true, AnyName: true})}
		b.server.Publish("pay", a.p.Snapshot())
		time.Sleep(time.Minute)
		a.publish(map[string]any{"app.yaml": map[string]any{"port": 9}})
		answered(t, "the first tells of it", a.ask(polled("default", "application", 1)), id2)

		const keys = "/configs/pay/default/application"
		heard := keys + "?messages=" + url.QueryEscape(`{"details":{"pay+default+application":2}}`)
		early := b.ask(heard)
		time.Sleep(2 * time.Second)
		late := b.ask(heard)
		time.Sleep(time.Second)
		answered(t, "a client that says what it was told is to ask again", early, "503 ")
		answered(t, "one that does not gets what there is", b.ask(keys), `200 {"appId":"pay","cluster":"default","namespaceName":"application","configurations":{"name"`)
		for _, text := range []string{"none", `{"details":{"pay+default+db":2,"cart+default+application":2,"pay+default+application":1}}`} {
			answered(t, "and so does one that was told of something else", b.ask(keys+"?messages="+url.QueryEscape(text)), "200 ")
		}
		ahead := b.ask(polled("default", "application", 2))

		b.server.Publish("pay", a.p.Snapshot())
		answered(t, "one that waits gets what it was told of", late, `200 {"appId":"pay","cluster":"default","namespaceName":"application","configurations":{"port":"9"}`)
		start := time.Now()
		after := b.ask(polled("default", "application", 2))
		if len(ahead)+len(after) > 0 {
			t.Fatal("told at once of what it knows")
		}
		time.Sleep(10 * time.Second)
		answered(t, "who was ahead of the server is told again", ahead, id2)
		answered(t, "and who came just after it", after, id2)
		idle := b.ask(polled("default", "application", 2))
		time.Sleep(time.Minute)
		answered(t, "once", idle, "304 ")
		if took := time.Since(start); took != 70*time.Second {
			t.Errorf("it took %s", took)
		}
		a.server.Close()
		b.server.Close()
		a.p.Close()
	})
}
