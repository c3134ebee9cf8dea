package ledger_test

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// files is a tree as a flat map: the dumb twin of the ledger's own trees.
type files map[string]schema.Hash

// filesOf reads the tree of a commit.
func (m memory) filesOf(commit schema.Hash) files {
	id, err := schema.ParseHash(string(m[commit].Data[len("tree "):][:40]))
	if err != nil {
		panic(err)
	}
	out := files{}
	m.flatten(out, "", id)
	return out
}

func (m memory) flatten(out files, dir string, id schema.Hash) {
	for data := m[id].Data; len(data) > 0; data = data[20:] {
		mode, rest, _ := bytes.Cut(data, []byte(" "))
		name, rest, _ := bytes.Cut(rest, []byte{0})
		var kid schema.Hash
		copy(kid[:], rest)
		data = rest
		if string(mode) == "40000" {
			m.flatten(out, dir+string(name)+"/", kid)
			continue
		}
		out[dir+string(name)] = kid
	}
}

// plant writes all trees of the files anew and returns the top one.
func (m memory) plant(fs files) schema.Hash {
	kids := map[string]files{}
	names := map[string]schema.Hash{}
	for path, id := range fs {
		name, rest, dir := strings.Cut(path, "/")
		if !dir {
			names[name] = id
			continue
		}
		if kids[name+"/"] == nil {
			kids[name+"/"] = files{}
		}
		kids[name+"/"][rest] = id
	}
	for name, kid := range kids {
		names[name] = m.plant(kid)
	}
	keys := make([]string, 0, len(names))
	for name := range names {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	var b bytes.Buffer
	for _, key := range keys {
		name, dir := strings.CutSuffix(key, "/")
		mode := "100644 "
		if dir {
			mode = "40000 "
		}
		id := names[key]
		b.WriteString(mode + name + "\x00")
		b.Write(id[:])
	}
	return m.put(schema.TreeObject, b.Bytes())
}

func (m memory) put(kind schema.ObjectKind, data []byte) schema.Hash {
	o := schema.NewObject(kind, data)
	m[o.ID] = o
	return o.ID
}
