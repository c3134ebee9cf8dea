package configmap

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// MaxData bounds the files, the document and the head of one object together, in bytes. Kubernetes takes 1,048,576 of a
// ConfigMap and of a Secret, and etcd 1.5 MiB of the whole object; the rest is for keys of others and for what it adds.
const MaxData = 900 << 10

// headRoom is more than a head without the document has.
const headRoom = 4 << 10

// The keys beside the files: what package provider reads in a mounted volume, and what a pointer says to people.
const (
	headKey     = ".sluice.json"
	documentKey = ".sluice.document"
	currentKey  = "current"
)

// goal is what a release is at this target. It follows from the release and the settings alone.
type goal struct {
	place
	want  integrations.Release
	files map[string][]byte // by key, with the document and without the head
	body  integrations.Body
}

// goalOf refuses what the target cannot hold, before anything is asked or written.
func (t *Target) goalOf(want integrations.Release) (goal, error) {
	p, err := t.placeOf(want.Cell, want.Settings)
	if err != nil {
		return goal{place: p}, err
	}
	g := goal{place: p, want: want, body: integrations.NewBody(want, false)}
	if g.files, err = keysOf(want); err != nil {
		return g, t.error(p.String(), integrations.ErrInvalid, err)
	}
	if size := size(g.files) + headRoom + graySize(want); size > MaxData {
		return g, t.error(p.String(), integrations.ErrTooLarge, fmt.Errorf("files and document have %d bytes together, the limit is %d; split the app, or deliver it to etcd", size, MaxData))
	}
	return g, nil
}

// keyOf is the key of a file.
func keyOf(path string) string { return strings.ReplaceAll(path, "/", "__") }

var keyShape = regexp.MustCompile(`^[-._a-zA-Z0-9]+$`)

// keysOf names every file by a key that an object can have (RULES R3): a / becomes __, and two files never share one.
func keysOf(want integrations.Release) (map[string][]byte, error) {
	if len(want.Manifest) != len(want.Files) {
		return nil, fmt.Errorf("%d files, %d in the manifest", len(want.Files), len(want.Manifest))
	}
	keys, paths := map[string][]byte{}, map[string]string{}
	for _, f := range want.Manifest {
		key := keyOf(f.Path)
		data, ok := want.Files[f.Path]
		switch other, taken := paths[key]; {
		case !ok || schema.DigestOf(data) != f.Digest:
			return nil, fmt.Errorf("%s is not the file that the manifest names", f.Path)
		case len(key) > 253 || !keyShape.MatchString(key) || strings.HasPrefix(key, "..") || key == ".":
			return nil, fmt.Errorf("file %q: a key of a ConfigMap has A-Z a-z 0-9 . _ - alone, at most 253, and does not begin with two dots; rename it", f.Path)
		case key == headKey || key == documentKey:
			return nil, fmt.Errorf("file %q: the name is the target's own; rename it", f.Path)
		case taken:
			return nil, fmt.Errorf("files %q and %q would both have the key %s; rename one", other, f.Path, key)
		}
		keys[key], paths[key] = data, f.Path
	}
	if len(want.Document) > 0 {
		keys[documentKey] = want.Document
	}
	return keys, nil
}

// graySize is what the head carries for some of the readers beside its own, in base64.
func graySize(want integrations.Release) int {
	if want.Gray == nil {
		return 0
	}
	return base64.StdEncoding.EncodedLen(len(want.Gray.Document))
}

func size(data map[string][]byte) int {
	n := 0
	for _, value := range data {
		n += len(value)
	}
	return n
}

// with is the data of the object that holds the files, with a head.
func (g goal) with(head []byte) map[string][]byte {
	data := maps.Clone(g.files)
	data[headKey] = head
	return data
}

// release is the name of the immutable object that holds the files with a head.
func (g goal) release(head []byte) string { return g.name + "-" + hashOf(g.kind, g.name, g.with(head)) }

// wanted is what the object of that name in the layout holds: the files in place, or what points to them.
func (g goal) wanted(head []byte) map[string][]byte {
	if !g.rolling {
		return g.with(head)
	}
	return map[string][]byte{
		headKey: head, currentKey: []byte(g.release(head)), "digest": []byte(g.want.Content), "commit": []byte(g.want.Commit.String()),
		"seq": []byte(strconv.FormatInt(g.want.Seq, 10)),
	}
}

// The labels and annotations that lead back from an object.
const (
	labelManaged  = "app.kubernetes.io/managed-by"
	labelStage    = "sluice.dev/stage"
	labelApp      = "sluice.dev/app"
	labelPart     = "sluice.dev/part"
	noteApp       = "sluice.dev/app"
	noteStage     = "sluice.dev/stage"
	noteProject   = "sluice.dev/project"
	noteCommit    = "sluice.dev/commit"
	noteDigest    = "sluice.dev/digest"
	noteSeq       = "sluice.dev/seq"
	noteSignature = "sluice.dev/signature"
	noteMR        = "sluice.dev/mr"
	noteKept      = "sluice.dev/kept-keys"
)

// The parts of a cell.
const (
	partHead    = "head"    // the object that changes
	partRelease = "release" // an immutable one
)

// labels are what objects are found by. A label holds 63 characters, so an app with a longer name is labelled by its digest.
func (g goal) labels(part string) map[string]string {
	return map[string]string{labelManaged: manager, labelStage: string(g.want.Cell.Stage), labelApp: appLabel(g.want.Cell.App), labelPart: part}
}

func appLabel(app schema.App) string {
	if text := dotted(app); len(text) <= 63 {
		return text
	}
	return "sha256." + schema.DigestOf([]byte(app)).Hex()[:40]
}

// notes are for people: nothing is decided by them but which foreign keys were there before us.
func (g goal) notes(head integrations.Head) map[string]string {
	notes := map[string]string{
		noteProject: g.want.Project, noteStage: string(g.want.Cell.Stage), noteApp: string(g.want.Cell.App), noteCommit: g.want.Commit.String(),
		noteDigest: string(g.want.Content), noteSeq: strconv.FormatInt(g.want.Seq, 10), noteSignature: signature(head),
	}
	if g.want.MergeRequest > 0 {
		notes[noteMR] = strconv.FormatInt(g.want.MergeRequest, 10)
	}
	return notes
}

// Fits implements [integrations.Fitter].
func (t *Target) Fits(want integrations.Release) schema.Verdict {
	_, err := t.goalOf(want)
	if err == nil {
		return schema.Verdict{Policy: "fits", Outcome: schema.Allow}
	}
	v := schema.Verdict{Policy: "fits", Outcome: schema.Deny, Code: integrations.Code(err), Args: map[string]string{"target": t.spec.Name}}
	var refusal *integrations.Error
	if v.Code == integrations.CodeTooLarge && errors.As(err, &refusal) {
		files, _ := keysOf(want)
		v.Args["size"], v.Args["limit"] = strconv.Itoa(size(files)+headRoom+graySize(want)), strconv.Itoa(MaxData)
		return v
	}
	v.Args["why"] = integrations.Reason(err)
	return v
}

func sorted[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
