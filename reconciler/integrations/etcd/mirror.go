package etcd

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	mirrorDir = "kv/"
	// completeName is below kv/: it holds the digest of the document that the mirror is of, and is not there while
	// the mirror is being changed in more than one transaction.
	completeName = "_complete"

	mirrorFiles  = "files"
	mirrorLeaves = "leaves"

	maxMirrorKeys = 10_000
	// maxMirrorValue and maxMirrorNames keep a write of one key, and the inventory with all names, below etcd's limit of a request.
	maxMirrorValue = 1 << 20
	maxMirrorNames = 512 << 10
)

// mirrorOf returns the keys below kv/ for readers that know nothing of heads: a file as it is, or every value of its
// own. A retired app has none.
func mirrorOf(mode string, want integrations.Release, doc schema.Digest) (map[string]string, error) {
	if mode == "" || want.Retired {
		return nil, nil
	}
	keys := map[string]string{completeName: string(doc)}
	for path, data := range want.Files {
		if path == completeName || strings.HasPrefix(path, completeName+"/") {
			return nil, fmt.Errorf("the file %s has the name of the mirror's own marker", path)
		}
		if mode == mirrorFiles {
			keys[path] = string(data)
			continue
		}
		leaves, found := schema.Flatten(path, data)
		if err := found.Err(); err != nil {
			return nil, err
		}
		if leaves == nil { // not YAML or JSON
			keys[path] = string(data)
		}
		for pointer, leaf := range leaves {
			if pointer == "" && (leaf.Value == "null" || leaf.Value == "{}" || leaf.Value == "[]") {
				continue // an empty file has no value
			}
			keys[path+pointer] = plainText(leaf.Value)
		}
	}
	return keys, nil
}

// plainText is text as it is, and any other value as JSON writes it.
func plainText(value string) string {
	var text string
	if !strings.HasPrefix(value, `"`) || json.Unmarshal([]byte(value), &text) != nil {
		return value
	}
	return text
}

func mirrorTooLarge(keys map[string]string) string {
	names := 0
	for name, value := range keys {
		if len(value) > maxMirrorValue {
			return fmt.Sprintf("the mirror's key %s has %d bytes, the limit is %d", name, len(value), maxMirrorValue)
		}
		names += len(name) + 3
	}
	if len(keys) > maxMirrorKeys || names > maxMirrorNames {
		return fmt.Sprintf("the mirror has %d keys with %d bytes of names, the limit is %d with %d; write it with mirror: files, or not at all",
			len(keys), names, maxMirrorKeys, maxMirrorNames)
	}
	return ""
}

// mirrorDigests are those of every key that the mirrors of a document have, whichever of them a stage chose.
func mirrorDigests(document []byte) map[string][]schema.Digest {
	var d struct {
		Files map[string]struct {
			Base64 []byte `json:"base64"`
		} `json:"files"`
	}
	if json.Unmarshal(document, &d) != nil {
		return nil
	}
	want := integrations.Release{Files: map[string][]byte{}}
	for path, f := range d.Files {
		want.Files[path] = f.Base64
	}
	digests := map[string][]schema.Digest{}
	for _, mode := range []string{mirrorLeaves, mirrorFiles} {
		keys, err := mirrorOf(mode, want, schema.DigestOf(document))
		if err != nil {
			continue
		}
		for name, value := range keys {
			digests[name] = append(digests[name], schema.DigestOf([]byte(value)))
		}
	}
	return digests
}
