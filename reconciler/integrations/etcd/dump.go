package etcd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// maxBeside bounds how many keys beside ours are remembered until it is known where ours are.
const maxBeside = 10_000

// ReadDump goes through what `etcdctl get --prefix "" -w json` printed: every head below one of the stages, then the keys
// that lie beside heads. Keys elsewhere are nobody's business. One key is in memory at a time.
func ReadDump(r io.Reader, stages []schema.StageName) iter.Seq2[integrations.Held, error] {
	return func(yield func(integrations.Held, error) bool) {
		d := dump{stages: stages, roots: map[string]bool{}}
		goOn := true
		err := pairs(r, func(key string, value []byte) bool {
			if held, ok := d.head(key, value); ok {
				goOn = yield(held, nil)
			}
			return goOn
		})
		if err != nil && goOn {
			yield(integrations.Held{}, fmt.Errorf("read the dump of etcd: %w", err))
			return
		}
		for _, held := range d.foreign() {
			if !goOn || !yield(held, nil) {
				return
			}
		}
	}
}

// pairs decodes the keys and values of a dump one by one.
func pairs(r io.Reader, visit func(key string, value []byte) bool) error {
	dec := json.NewDecoder(r)
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return errors.New("it has no \"kvs\"; make it with: etcdctl get --prefix \"\" -w json")
		}
		if err != nil {
			return err
		}
		if token == "kvs" {
			break
		}
	}
	if token, err := dec.Token(); err != nil || token != json.Delim('[') {
		return errors.Join(err, errors.New("its \"kvs\" are no list"))
	}
	for dec.More() {
		var kv struct {
			Key   []byte `json:"key"`
			Value []byte `json:"value"`
		}
		if err := dec.Decode(&kv); err != nil {
			return err
		}
		if !visit(string(kv.Key), kv.Value) {
			return nil
		}
	}
	_, err := dec.Token()
	return err
}

// dump is what is known of a dump so far.
type dump struct {
	stages []schema.StageName
	roots  map[string]bool // below which there are heads of ours
	beside []integrations.Held
}

// head recognises the key of a cell, and remembers others below a stage.
func (d *dump) head(key string, value []byte) (integrations.Held, bool) {
	root, stage, rest, ok := integrations.PlaceOf(d.stages, key)
	if !ok {
		return integrations.Held{}, false
	}
	held := integrations.Held{Place: key, Cell: schema.Cell{Stage: stage}}
	app, isHead := strings.CutSuffix(rest, "/head")
	if _, err := schema.ParseApp(app); !isHead || err != nil {
		held.Foreign = true
		if len(d.beside) < maxBeside {
			d.beside = append(d.beside, held)
		}
		return held, false
	}
	held.Cell.App, held.Head = schema.App(app), value
	h, err := integrations.DecodeHead(value)
	if err != nil {
		return held, true
	}
	d.roots[root] = true
	if !h.Retired {
		held.Document = h.Inline
		if held.Files, err = integrations.DocumentFiles(h.Inline); err != nil {
			held.Problem = err.Error()
		}
	}
	return held, true
}

// foreign are the keys below a stage of ours that are no heads; rel/ and consumers/ beside a head are reserved.
func (d *dump) foreign() []integrations.Held {
	var out []integrations.Held
	for _, held := range d.beside {
		root, _, rest, _ := integrations.PlaceOf(d.stages, held.Place)
		if d.roots[root] && !strings.Contains(rest, "/rel/") && !strings.Contains(rest, "/consumers/") {
			out = append(out, held)
		}
	}
	return out
}
