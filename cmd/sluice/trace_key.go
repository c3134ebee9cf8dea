package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// keyTracer follows a key at a target to the file that it is of.
type keyTracer struct {
	tracer
	place  keyPlace
	target string // by its name, once it is known
	state  ledger.State
	whole  bool   // the key is of the whole cell
	plain  string // what the key has to be, where it is of one value
	data   []byte // the file that the key is of
	part   []byte // what the key has to be, where it is a part of a document
	old    bool   // the key is of an admission that was replaced
}

// follow finds the file, and the way it came.
func (t *keyTracer) follow(ctx context.Context, found *traced) error {
	if err := t.read(ctx); err != nil {
		return err
	}
	var err error
	var known bool
	if t.state, known, err = t.Ledger.Cell(ctx, t.cell); err != nil {
		return err
	}
	if !known && t.place.part != "" {
		return &failure{code: exitUsage, err: fmt.Errorf("no app %q was ever let in to %s", t.cell.App, t.cell.Stage), hint: "sluice status names the apps"}
	}
	if t.place.part != "head" && known && !t.state.Whole() {
		t.until = t.state.Spread.Base // what lies beside a head is what most instances run
	}
	at, ok := t.newestOf(t.cell.Stage)
	if !ok || t.place.part == "" || t.place.part == "consumers" {
		found.State = keyForeign
		return nil
	}
	if t.place.part == "rel" {
		return t.followPart(ctx, found)
	}
	manifest, err := t.manifest(ctx, at)
	if err != nil {
		return err
	}
	t.file, t.key = fileOf(manifest, t.place.rest)
	if t.place.part == "data" {
		t.file, t.key = configmap.Path(manifest, t.place.rest), ""
	}
	t.whole = t.place.rest == ""
	if t.place.part == "kv" && t.place.rest == "_complete" {
		return t.marker(ctx, at, found)
	}
	if t.whole && t.place.part == "head" {
		return t.newest(ctx, at, found)
	}
	if t.file == "" { // or it is the directory of a mirror, which is no key
		found.State = keyForeign
		return nil
	}
	t.admissions, t.sealed = nil, nil // trace reads them again
	out, err := t.trace(ctx)
	if foreignKey(err) {
		found.State = keyForeign
		return nil
	}
	if err != nil {
		return err
	}
	found.custody = out
	return t.locate(ctx, at, found)
}

// newest tells of the admission that the whole cell is of.
func (t *keyTracer) newest(ctx context.Context, at sealing, found *traced) error {
	found.Steps = []custodyStep{{Entry: at.entry, Sealed: at.cell.App != ""}}
	return t.include(ctx, &found.custody)
}

func (t *keyTracer) manifest(ctx context.Context, at sealing) (schema.Manifest, error) {
	digest := at.cell.Manifest
	if d := at.entry.Decision; d != nil {
		digest = d.Manifest
	}
	if digest == "" {
		return nil, nil // it has left the stage
	}
	data, err := t.Ledger.Evidence(ctx, digest)
	if err != nil {
		return nil, err
	}
	return schema.ParseManifest(data)
}

// fileOf splits a name below kv/ into a file of the manifest and a pointer into it.
func fileOf(m schema.Manifest, name string) (file, pointer string) {
	for _, f := range m {
		if name == f.Path {
			return f.Path, ""
		}
		if rest, ok := strings.CutPrefix(name, f.Path+"/"); ok {
			return f.Path, "/" + rest
		}
	}
	return "", ""
}

// locate finds the line in the repository.
func (t *keyTracer) locate(ctx context.Context, at sealing, found *traced) error {
	commit := at.cell.Commit
	if d := at.entry.Decision; d != nil {
		commit = d.Landing.Tip
	}
	stage, _ := t.Project.Stage(t.cell.Stage)
	found.Path, found.Commit = t.Project.CellPath(stage, t.cell.App)+"/"+t.file, commit.Short()
	info, err := t.repo.Commit(ctx, commit)
	if err != nil {
		return err
	}
	entry, ok, err := t.repo.Lookup(ctx, info.Tree, found.Path)
	if err != nil || !ok {
		return err
	}
	data, err := t.repo.Blob(ctx, entry.ID)
	if err != nil {
		return err
	}
	t.data = append([]byte{}, data...) // an empty file is one too
	leaves, _ := schema.Flatten(t.file, data)
	if leaf, ok := leaves[t.key]; ok && (t.key != "" || len(leaves) == 1) {
		found.Line, t.plain = leaf.Position.Line, etcd.PlainText(leaf.Value)
	}
	found.Want, found.custody.Value = t.shown(found.custody.Value), ""
	return nil
}

// mirrored reports whether a mirror of that kind has the key: one of leaves has no file that has values, one of files no value.
func (t *keyTracer) mirrored(mode string) bool {
	if t.place.part != "kv" || t.data == nil {
		return true
	}
	keys, err := etcd.Mirror(mode, map[string][]byte{t.file: t.data})
	if err != nil {
		return true // it is no file that could be let in today, and its bytes are compared
	}
	_, ok := keys[t.place.rest]
	return ok
}

// shown is a value as diff would show it: not where its key is called like a secret.
func (t *keyTracer) shown(value string) string {
	return diff.Hide(t.key, value)
}

// judge compares the key with what was admitted.
func (t *keyTracer) judge(ctx context.Context, key etcd.LiveKey, found *traced) error {
	found.Live = &liveKey{Revision: key.ModRevision, Lease: key.Lease != 0}
	if key.Value != nil {
		found.Live.Digest = schema.DigestOf(key.Value)
	}
	if found.State == keyForeign || found.State == keyUnvouched {
		return nil
	}
	same, err := t.same(ctx, key.Value, found)
	switch {
	case err != nil:
		return err
	case key.Value == nil:
		found.State = keyMissing
	case key.Lease == 0 && same && t.old:
		found.State = keyBefore
	case key.Lease == 0 && same:
		found.State = keyAdmitted
	default:
		found.State = keyDiffers
		if t.place.part == "kv" && t.key != "" {
			found.Value = t.shown(string(key.Value))
		}
	}
	return nil
}

// same reports whether the bytes are what was admitted, by the ledger and the files in Git. Nothing else at the target is asked:
// whoever could write this key could write there too.
func (t *keyTracer) same(ctx context.Context, value []byte, found *traced) (bool, error) {
	switch {
	case value == nil:
		return false, nil
	case t.place.part == "rel":
		return bytes.Equal(value, t.part), nil
	case t.place.part == "head":
		return t.sameHead(ctx, value, found)
	case t.key == "" && t.file != "":
		return schema.DigestOf(value) == found.Digest || t.plain != "" && string(value) == t.plain, nil
	}
	return string(value) == t.plain, nil
}

// sameHead reports whether the ledger vouches for a head.
func (t *keyTracer) sameHead(ctx context.Context, value []byte, found *traced) (bool, error) {
	if t.clone == nil || len(found.Steps) == 0 {
		return false, nil
	}
	_, why, err := t.Vouches(ctx, t.target, t.cell, value)
	found.Why = why
	return why == "" && err == nil, err
}

// traced writes what is known of a key, and then the way it came.
func (s auditSheet) traced(f traced) {
	fmt.Fprintf(s.to, "%s\n", s.paint("1", schema.Printable(f.Target+":"+f.Key)))
	tone := map[string]string{keyAdmitted: "32", keyUnread: "2", keyBefore: "2"}[f.State]
	if tone == "" {
		tone = "31"
	}
	s.line("is", "%s", stateText(f))
	if f.Live != nil && f.Live.Digest != "" {
		s.line("live", "%s, %s", f.Live.Digest, liveText(f))
	}
	if text := heldText(f); text != "" {
		s.line("held by", "%s", text)
	}
	if f.Why != "" {
		s.line("because", "%s", f.Why)
	}
	if f.Value != "" {
		s.line("value", "%s", f.Value)
	}
	if f.Want != "" {
		s.line("admitted", "%s", f.Want)
	}
	s.line("of", "%s in %s", f.App, f.Stage)
	if f.State == keyDiffers || f.State == keyMissing || f.State == keyForeign {
		s.line("as of", "entry #%d, the last that this clone has; git fetch brings what came since", f.Last)
	}
	if f.Path != "" {
		place := f.Path
		if f.Line > 0 {
			place += fmt.Sprintf(":%d", f.Line)
		}
		s.line("file", "%s at commit %s", place, f.Commit)
	}
	for i, step := range f.Steps {
		fmt.Fprintln(s.to)
		s.people(step, i == len(f.Steps)-1 && f.File != "")
	}
	if len(f.Steps) > 0 {
		fmt.Fprintln(s.to)
		s.line("prove it", "sluice audit verify --anchor DIGEST (the admins tell it)")
	}
}

func liveText(f traced) string {
	switch {
	case f.Target == "configmap" && f.Live.By != "":
		return fmt.Sprintf("resource version %d, written by %s too", f.Live.Revision, schema.Printable(f.Live.By))
	case f.Target == "configmap":
		return fmt.Sprintf("resource version %d", f.Live.Revision)
	case f.Live.Lease:
		return fmt.Sprintf("mod revision %d, lease one: it will take the key away", f.Live.Revision)
	}
	return fmt.Sprintf("mod revision %d, lease none", f.Live.Revision)
}

// heldText names the object that has what is behind a pointer.
func heldText(f traced) string {
	switch {
	case f.Pointer == "":
		return ""
	case f.Object != "":
		return schema.Printable(f.Object + ", which " + f.Pointer + " names now")
	case f.State == keyUnread:
		return "the immutable object that " + schema.Printable(f.Pointer) + " names: --config FILE reads which"
	}
	return "no object: the one that " + schema.Printable(f.Pointer) + " names is not there"
}

func stateText(f traced) string {
	return map[string]string{
		keyAdmitted: "as admitted", keyDiffers: "not what was admitted: somebody else wrote it, or it is about to be written",
		keyMissing: "not there, and should be", keyForeign: "nobody's here: nothing that was admitted has this key",
		keyUnvouched: "not vouched for: nothing signed says what it has to be, so it proves nothing",
		keyBefore:    "as admitted before: of a release that was replaced",
		keyUnread:    "not read: --config FILE compares what is there",
	}[f.State]
}
