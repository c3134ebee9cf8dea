package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// changeTrust prepares the next version: what the checkout prepares already, changed once more, or the version in force,
// changed. Nothing is written if the reconciler would refuse the outcome.
func (a *app) changeTrust(ctx context.Context, f trustFlags, edit func(*trustDesk, *schema.Trust) error) error {
	d, err := a.openTrust(ctx, f)
	if err != nil {
		return err
	}
	draft, taken, err := d.draft()
	if err != nil {
		return err
	}
	before := draft.Files()
	if err := edit(d, &draft); err != nil {
		return err
	}
	if maps.EqualFunc(before, draft.Files(), bytes.Equal) && !taken {
		return &failure{code: exitUsage, err: errors.New("nothing would change: it is so already"), hint: "sluice trust show"}
	}
	next, err := d.check(draft)
	if err != nil {
		return err
	}
	dropped, err := d.write(draft.Files())
	if err != nil {
		return err
	}
	r := d.report(next)
	r.Dropped = dropped
	if taken {
		r.Notes = append(r.Notes, "the files of "+schema.TrustDir+" were edited by hand; the version takes over what they say")
	}
	return a.printTrust(r)
}

// draft is the version to change. What was edited by hand is taken over, since a root sees it in the changes before signing.
func (d *trustDesk) draft() (draft schema.Trust, taken bool, err error) {
	if err := d.exists(); err != nil {
		return draft, false, err
	}
	files := maps.Clone(d.files)
	digest, err := schema.TrustFilesDigest(files)
	if err != nil {
		return draft, false, err
	}
	root := filesLine.ReplaceAll(files[schema.RootFile], []byte("${1}"+string(digest)))
	taken = !bytes.Equal(root, files[schema.RootFile])
	files[schema.RootFile] = root
	loaded, found := schema.LoadTrust(files)
	if err := found.Err(); err != nil {
		return draft, false, err
	}
	old := d.inForce()
	if d.force == nil || schema.DigestOf(d.files[schema.RootFile]) != old.RootDigest {
		return loaded, taken, d.follows(loaded.Root)
	}
	draft = old.Next(now())
	draft.Principals, draft.Keys, draft.ForgeKeys = loaded.Principals, loaded.Keys, loaded.ForgeKeys
	return draft, taken, nil
}

// filesLine is the line of root.yaml that carries the digest of the other files.
var filesLine = regexp.MustCompile(`(?m)^(files: +)sha256:[0-9a-f]+`)

// check refuses at once what the reconciler would refuse later, in its words. That signatures and proofs are still missing
// is no reason.
func (d *trustDesk) check(draft schema.Trust) (signing.TrustVersion, error) {
	next, err := signing.ReadTrustVersion(draft.Files())
	var found schema.Diagnostics
	if errors.As(err, &found) {
		var problems []error
		for _, f := range found {
			problems = append(problems, refusedChange(f.Code, f.Message))
		}
		return next, errors.Join(problems...)
	}
	if err != nil {
		return next, err
	}
	var problems []error
	for _, f := range d.report(next).Findings {
		problems = append(problems, refusedChange(f.Code, f.Detail))
	}
	return next, errors.Join(problems...)
}

func refusedChange(code schema.Code, detail string) error {
	return &failure{code: exitUsage, err: fmt.Errorf("the reconciler would refuse this version: %s [%s]", detail, code)}
}

// write makes the directory hold exactly these files. Signatures over another root.yaml go, and whose they were is told.
func (d *trustDesk) write(files map[string][]byte) (dropped []string, err error) {
	if bytes.Equal(files[schema.RootFile], d.files[schema.RootFile]) {
		return nil, nil // root.yaml names all others by digest
	}
	d.clean = false
	inside, err := os.OpenRoot(d.top)
	if err != nil {
		return nil, err
	}
	defer inside.Close()
	for _, path := range slices.Sorted(maps.Keys(d.files)) {
		if _, stays := files[path]; stays {
			continue
		}
		if name, ok := strings.CutPrefix(path, "root.sig/"); ok && !d.signatureInForce(path) {
			dropped = append(dropped, strings.TrimSuffix(strings.TrimSuffix(name, ".sig"), ".asc"))
		}
		if err := inside.Remove(trustPath(path)); err != nil {
			return dropped, fmt.Errorf("remove %s/%s: %w", schema.TrustDir, path, reason(err))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if bytes.Equal(files[path], d.files[path]) {
			continue
		}
		if err := d.put(path, files[path]); err != nil {
			return dropped, err
		}
	}
	d.files = files
	return slices.Compact(dropped), nil
}

// signatureInForce reports whether a signature is that of the version in force, which nobody misses.
func (d *trustDesk) signatureInForce(path string) bool {
	if d.force == nil {
		return false
	}
	return bytes.Equal(d.force.Signatures[strings.TrimPrefix(path, "root.sig/")], d.files[path])
}

// put writes one file whole or not at all, and nowhere but in the checkout, whatever links a branch brings.
func (d *trustDesk) put(path string, data []byte) error {
	d.clean = false
	inside, err := os.OpenRoot(d.top)
	if err != nil {
		return err
	}
	defer inside.Close()
	name := trustPath(path)
	if err := inside.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("write %s/%s: %w", schema.TrustDir, path, reason(err))
	}
	if err := inside.WriteFile(name+".new", data, 0o644); err != nil {
		return fmt.Errorf("write %s/%s: %w", schema.TrustDir, path, reason(err))
	}
	return inside.Rename(name+".new", name)
}

// trustPath is where a file of the trust directory is, from the top of the checkout.
func trustPath(path string) string {
	return filepath.FromSlash(schema.TrustDir + "/" + path)
}
