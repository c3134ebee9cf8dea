package real

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// A Browser is a real Chromium without a window, on a page of its own, that dies with its test. It reaches this machine
// alone. Whatever does not work within three minutes ends the test.
type Browser struct {
	t    testing.TB
	ctx  context.Context
	page *devtools

	mu    sync.Mutex // guards heard
	heard []string   // what the pages complained of
}

// Chromium starts a browser with an empty profile and a page of that size. One that dies before it has a page, as happens
// now and then on a loaded machine, is started once more; what it said is in the test's log.
func Chromium(t testing.TB, width, height int) *Browser {
	t.Helper()
	program := Binary(t, "chromium")
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(stop)
	for again := true; ; again = false {
		cmd := exec.Command(program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--no-first-run",
			"--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-breakpad",
			"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
			fmt.Sprintf("--window-size=%d,%d", width, height), "--user-data-dir="+t.TempDir(), "about:blank")
		said := &bytes.Buffer{}
		cmd.Stdout, cmd.Stderr = said, said
		b := &Browser{t: t, ctx: ctx}
		err := b.start(cmd)
		if err == nil {
			return b
		}
		kill(cmd)
		_ = cmd.Wait() // so that nobody writes while it is read
		if !again {
			t.Fatalf("browser: %v; it said:\n%s", err, said)
		}
		t.Logf("browser: %v; it is started once more; it said:\n%s", err, said)
	}
}

// start connects the two pipes that Chromium has at its descriptors 3 and 4, and attaches to its page.
func (b *Browser) start(cmd *exec.Cmd) error {
	b.t.Helper()
	theirs, ours := b.pipe()
	answers, theirAnswers := b.pipe()
	cmd.ExtraFiles = []*os.File{theirs, theirAnswers}
	Start(b.t, cmd)
	_, _ = theirs.Close(), theirAnswers.Close() // the child has them now
	b.page = newDevtools(ours, answers, b.hear)
	b.t.Cleanup(b.quit)
	var target struct{ TargetID string }
	if err := b.page.call(b.ctx, "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var session struct{ SessionID string }
	if err := b.page.call(b.ctx, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session); err != nil {
		return err
	}
	b.page.session = session.SessionID
	for _, domain := range []string{"Page.enable", "Log.enable", "Runtime.enable"} {
		if err := b.page.call(b.ctx, domain, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (b *Browser) pipe() (r, w *os.File) {
	b.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// quit lets the browser close its profile, which is removed after it.
func (b *Browser) quit() {
	ctx, stop := context.WithTimeout(context.WithoutCancel(b.ctx), 10*time.Second)
	defer stop()
	b.page.session = ""
	_ = b.page.call(ctx, "Browser.close", nil, nil) // else it is killed
}

func (b *Browser) call(method string, params map[string]any, out any) {
	b.t.Helper()
	if err := b.page.call(b.ctx, method, params, out); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// Open goes to an address and waits until the page is there.
func (b *Browser) Open(url string) {
	b.t.Helper()
	b.load(func() { b.call("Page.navigate", map[string]any{"url": url}, nil) })
}

// load does what makes a page load and waits for it.
func (b *Browser) load(begin func()) {
	b.t.Helper()
	for len(b.page.loaded) > 0 {
		<-b.page.loaded
	}
	begin()
	select {
	case <-b.page.loaded:
	case <-b.ctx.Done():
		b.t.Fatalf("browser: no page came: %v\n%s", b.ctx.Err(), b.Text("body"))
	}
}

// evaluate runs an expression on the page and decodes its value.
func (b *Browser) evaluate(expression string, out any) {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Text string }
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("browser: %s: %s", expression, answer.ExceptionDetails.Text)
	}
	if err := json.Unmarshal(answer.Result.Value, out); err != nil {
		b.t.Fatalf("browser: %s: %v", expression, err)
	}
}

// Text is what somebody reads in the first element that a selector finds; empty when there is none.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	var text string
	b.evaluate(fmt.Sprintf("(document.querySelector(%q)?.innerText) ?? ''", selector), &text)
	return text
}

// Choose picks an option of a list by its value.
func (b *Browser) Choose(selector, value string) {
	b.t.Helper()
	var chosen string
	b.evaluate(fmt.Sprintf(`(() => { const list = document.querySelector(%q); list.value = %q;
		list.dispatchEvent(new Event('change', {bubbles: true})); return list.value })()`, selector, value), &chosen)
	if chosen != value {
		b.t.Fatalf("browser: %s has no option %s", selector, value)
	}
}

// Click presses the mouse on the middle of an element and waits for the page that comes. What lies over the element
// gets the click, as it does for people.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	var at struct{ X, Y float64 }
	b.evaluate(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = e.getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2} })()`, selector), &at)
	b.load(func() {
		for _, kind := range []string{"mousePressed", "mouseReleased"} {
			b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1}, nil)
		}
	})
}

// Screenshot writes the whole page as a PNG, to be looked at; an empty name writes nothing.
func (b *Browser) Screenshot(file string) {
	b.t.Helper()
	if file == "" {
		return
	}
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(file, data, 0o644)
	}
	if err != nil {
		b.t.Fatalf("browser: screenshot: %v", err)
	}
}
