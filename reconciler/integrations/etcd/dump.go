package etcd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// maxBeside bounds how many keys beside ours are remembered until it is known where ours are.
const maxBeside = 10_000

// ReadDump goes through what `etcdctl get --prefix "" -w json` printed: every head below one of the stages, then the keys
// that lie beside heads. Keys elsewhere are nobody's business. One key is in memory at a time, or one document in parts.
func ReadDump(r io.Reader, stages []schema.StageName) iter.Seq2[integrations.Held, error] {
	return func(yield func(integrations.Held, error) bool) {
		d := dump{stages: stages, roots: map[string]bool{}, mirrors: map[string]map[string][]schema.Digest{}}
		goOn := true
		give := func(held *integrations.Held) bool {
			if held != nil && goOn {
				goOn = yield(*held, nil)
			}
			return goOn
		}
		err := pairs(r, func(key string, value []byte) bool {
			return give(d.joined(key, value)) && give(d.head(key, value))
		})
		if err != nil && goOn {
			yield(integrations.Held{}, fmt.Errorf("read the dump of etcd: %w", err))
			return
		}
		give(d.joined("", nil))
		for _, held := range d.foreign() {
			give(&held)
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
	beside []keyBeside
	// mirrors are the keys, and digests, that the documents of cells are mirrored to, by the cell's directory: of those that
	// have any keys there.
	mirrors  map[string]map[string][]schema.Digest
	newest   string // directory of the head that was met last, whose mirror and parts follow
	document []byte // of that head; nil as long as it is in parts
	// waiting is a head whose document is in the parts that follow.
	waiting *integrations.Held
	body    integrations.Body
	parts   [][]byte
}

// keyBeside is a key below a stage that is no head.
type keyBeside struct {
	integrations.Held
	digest schema.Digest
}

// head recognises the key of a cell, and remembers others below a stage. It returns nil for a cell that is in parts.
func (d *dump) head(key string, value []byte) *integrations.Held {
	root, stage, rest, ok := integrations.PlaceOf(d.stages, key)
	if !ok {
		return nil
	}
	held := integrations.Held{Place: key, Cell: schema.Cell{Stage: stage}}
	app, isHead := strings.CutSuffix(rest, "/head")
	if _, err := schema.ParseApp(app); !isHead || err != nil {
		held.Foreign = true
		d.mirrored(key)
		if len(d.beside) < maxBeside && !reserved(rest) {
			d.beside = append(d.beside, keyBeside{held, schema.DigestOf(value)})
		}
		return nil
	}
	held.Cell.App, held.Head = schema.App(app), value
	h, err := integrations.DecodeHead(value)
	if err != nil {
		return &held
	}
	d.roots[root] = true
	d.newest, d.document = strings.TrimSuffix(key, "head"), nil
	switch {
	case h.Retired:
	case h.Blobs > 0:
		d.waiting, d.body, d.parts = &held, h.Body, nil
		return nil
	default:
		d.open(&held, h.Inline)
	}
	return &held
}

// reserved keys are parts, the inventory, and the applications' own reports.
func reserved(rest string) bool {
	return strings.Contains(rest, "/rel/") || strings.Contains(rest, "/consumers/")
}

// open reads the files out of a document.
func (d *dump) open(held *integrations.Held, document []byte) {
	var err error
	held.Document, d.document = document, document
	if held.Files, err = integrations.DocumentFiles(document); err != nil {
		held.Problem = err.Error()
	}
}

// mirrored remembers what the newest document is mirrored to, once there is a key below its kv/.
func (d *dump) mirrored(key string) {
	if d.newest == "" || !strings.HasPrefix(key, d.newest+mirrorDir) && key != d.newest+"head" {
		return
	}
	if _, known := d.mirrors[d.newest]; !known && d.document != nil {
		d.mirrors[d.newest] = mirrorDigests(d.document)
	}
}

// joined collects the parts of the head that waits, and returns it when the keys have gone past them.
func (d *dump) joined(key string, value []byte) *integrations.Held {
	if d.waiting == nil {
		return nil
	}
	dir := place{dir: strings.TrimSuffix(d.waiting.Place, "head")}
	if strings.HasPrefix(key, dir.generation(d.body.Doc)+"blob/") && len(d.parts) < d.body.Blobs {
		d.parts = append(d.parts, bytes.Clone(value))
		return nil
	}
	if key != "" && key < dir.dir+"rel0" {
		return nil
	}
	held := d.waiting
	d.waiting = nil
	document, err := d.body.JoinParts(d.parts)
	if err != nil {
		held.Problem = err.Error()
		held.Document = bytes.Join(d.parts, nil)
		return held
	}
	d.open(held, document)
	d.mirrored(held.Place)
	return held
}

// foreign are the keys below a stage of ours that are no heads, and nothing that a head's document is mirrored to.
func (d *dump) foreign() []integrations.Held {
	var out []integrations.Held
	for _, b := range d.beside {
		root, _, _, _ := integrations.PlaceOf(d.stages, b.Place)
		dir, name, mirrored := strings.Cut(b.Place, "/"+mirrorDir)
		if d.roots[root] && !(mirrored && slices.Contains(d.mirrors[dir+"/"][name], b.digest)) {
			out = append(out, b.Held)
		}
	}
	return out
}
