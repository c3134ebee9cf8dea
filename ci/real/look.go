package real

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// hear keeps what a page complains of: errors of scripts, and what its policy forbids.
func (b *Browser) hear(method string, params json.RawMessage) {
	switch method {
	case "Log.entryAdded", "Runtime.exceptionThrown":
	case "Runtime.consoleAPICalled":
		if !strings.Contains(string(params), `"type":"error"`) {
			return
		}
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = append(b.heard, method+" "+string(params))
}

// Complaints returns what pages complained of since it was asked last.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.heard
	b.heard = nil
	return out
}

// Look sets how the page is looked at: its size, whether the person likes it dark, and whether scripts may run.
func (b *Browser) Look(width, height int, dark, scripts bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": !scripts}, nil)
}

// Evaluate runs an expression on the page, waits for it where it is a promise, and decodes its value.
func (b *Browser) Evaluate(expression string, out any) {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if e := answer.ExceptionDetails; e != nil {
		b.t.Fatalf("browser: %.200s: %s %s", expression, e.Text, e.Exception.Description)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(answer.Result.Value, out); err != nil {
		b.t.Fatalf("browser: %.200s: %s", expression, err)
	}
}

// Violations asks axe-core what of the page people with disabilities cannot use.
func (b *Browser) Violations() []string {
	b.t.Helper()
	source, err := os.ReadFile(filepath.Join(Dir(), "axe", "axe.min.js"))
	if err != nil {
		Missing(b.t, "axe-core: "+err.Error())
	}
	b.Evaluate(string(source)+";0", nil)
	var found []struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	b.Evaluate(`axe.run().then(r => r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`, &found)
	var out []string
	for _, v := range found {
		out = append(out, fmt.Sprintf("%s: %s: %d, such as %.300s: %s", v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].FailureSummary))
	}
	return out
}

// Overlaps lists texts that lie over each other or are cut off at the side of the page, which axe-core does not see.
func (b *Browser) Overlaps() []string {
	b.t.Helper()
	var out []string
	b.Evaluate(overlaps, &out)
	return out
}

// overlaps compares the boxes of the lines of all texts that can be seen. A box that scrolls may hold more than it shows.
const overlaps = `(() => {
	const boxes = [], found = [], scrolls = (e) => { for (; e; e = e.parentElement) { const o = getComputedStyle(e).overflowX; if (o === 'auto' || o === 'scroll') return true; } return false; };
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = walker.nextNode(); n; n = walker.nextNode()) {
		if (!n.textContent.trim() || !n.parentElement.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
		const range = document.createRange();
		range.selectNodeContents(n);
		for (const r of range.getClientRects()) {
			if (r.width < 2 || r.height < 2 || r.right < 0) continue;
			const box = {text: n.textContent.trim().slice(0, 40), l: r.left + 1, r: r.right - 1, t: r.top + r.height / 4, b: r.bottom - r.height / 4};
			if (r.right > document.documentElement.clientWidth + 1 && !scrolls(n.parentElement)) found.push('cut: ' + box.text);
			boxes.push(box);
		}
	}
	boxes.sort((a, b) => a.t - b.t);
	for (let i = 0; i < boxes.length && found.length < 20; i++)
		for (let j = i + 1; j < boxes.length && boxes[j].t < boxes[i].b; j++)
			if (boxes[i].l < boxes[j].r && boxes[j].l < boxes[i].r && boxes[i].text !== boxes[j].text) found.push('over: ' + boxes[i].text + ' | ' + boxes[j].text);
	return found;
})()`
