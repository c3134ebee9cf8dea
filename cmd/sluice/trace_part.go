package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// inventoryName is below rel/ what sluice notes for itself. Nobody signs it, and it decides nothing but what may be cleared away.
const inventoryName = ".inventory"

// followPart finds the admission whose document a key below rel/ is a part of. The document is made again from the files in Git:
// what lies at the target is not asked what it is.
func (t *keyTracer) followPart(ctx context.Context, found *traced) error {
	if t.place.rest == inventoryName {
		found.State, found.Why = keyUnvouched, "it is sluice's list of what it may clear away here, and only that: a head names what is in force, and is signed"
		return nil
	}
	found.State = keyForeign
	hex, name, _ := strings.Cut(t.place.rest, "/")
	doc, err := schema.ParseDigest("sha256:" + hex)
	if err != nil {
		return nil //nolint:nilerr // no part is called so
	}
	all := t.stays()
	for i, at := range all {
		document, err := t.document(ctx, at)
		if err != nil {
			found.State, found.Why = keyUnvouched, fmt.Sprintf("of what this clone has not, it may be a part: %v", err)
			continue
		}
		if document == nil || schema.DigestOf(document) != doc {
			continue
		}
		if t.part, err = etcd.Part(document, name); err != nil || t.part == nil {
			found.State, found.Why = keyForeign, ""
			return err
		}
		t.whole, t.old = true, i > 0 && at.entry.Seq != t.until
		found.State, found.Why = keyUnread, ""
		return t.newest(ctx, at, found)
	}
	return nil
}

// stays are the admissions to the stage, newest first, each content once.
func (t *keyTracer) stays() []sealing {
	var out []sealing
	for _, e := range slices.Backward(t.admissions) {
		if e.Stage == t.cell.Stage {
			out = append(out, sealing{entry: e})
		}
	}
	if s, ok := t.sealed[t.cell.Stage]; ok {
		out = append(out, s)
	}
	seen := map[schema.Digest]bool{}
	return slices.DeleteFunc(out, func(s sealing) bool {
		manifest := manifestOf(s)
		again := seen[manifest]
		seen[manifest] = true
		return again
	})
}

func manifestOf(s sealing) schema.Digest {
	if d := s.entry.Decision; d != nil {
		return d.Manifest
	}
	return s.cell.Manifest
}

// document is what heads name of an admission; nil where it took everything away. Every file is held to the manifest.
func (t *keyTracer) document(ctx context.Context, at sealing) ([]byte, error) {
	manifest, err := t.manifest(ctx, at)
	if err != nil || manifest == nil {
		return nil, err
	}
	commit := at.cell.Commit
	if d := at.entry.Decision; d != nil {
		commit = d.Landing.Tip
	}
	stage, _ := t.Project.Stage(t.cell.Stage)
	info, err := t.repo.Commit(ctx, commit)
	if err != nil {
		return nil, err
	}
	var files []schema.DocumentFile
	for _, f := range manifest {
		path := t.Project.CellPath(stage, t.cell.App) + "/" + f.Path
		entry, ok, err := t.repo.Lookup(ctx, info.Tree, path)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%s is not at commit %s, where entry #%d admitted it", path, commit.Short(), at.entry.Seq)
		}
		data, err := t.repo.Blob(ctx, entry.ID)
		if err != nil {
			return nil, err
		}
		if schema.DigestOf(data) != f.Digest {
			return nil, fmt.Errorf("%s at commit %s is not what entry #%d admitted", path, commit.Short(), at.entry.Seq)
		}
		files = append(files, schema.DocumentFile{Path: f.Path, Mode: f.Mode, Data: data})
	}
	document, wrong := schema.NewDocument(files)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	return document.Encode(), nil
}

// marker follows the key that says of which document a mirror is.
func (t *keyTracer) marker(ctx context.Context, at sealing, found *traced) error {
	document, err := t.document(ctx, at)
	if err != nil {
		return err
	}
	if document == nil {
		found.State = keyForeign
		return nil
	}
	t.plain = string(schema.DigestOf(document))
	return t.newest(ctx, at, found)
}
