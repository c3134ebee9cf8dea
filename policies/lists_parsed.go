package policies

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/sluice-gitops/sluice/schema"
)

// parsedLists keeps lists that were read, by path. What is kept is used only for the very bytes that it was made of, so that a
// verdict depends on the facts alone. A nil one reads anew.
type parsedLists struct {
	mu   sync.Mutex
	read map[string]parsedList
}

type parsedList struct {
	from  []byte
	names schema.Patterns // shared: nobody changes them
	err   error
}

// of reads a list of the control files in force.
func (l *parsedLists) of(f Facts, path string) (schema.Patterns, error) {
	data, ok := f.Schemas[path]
	if !ok {
		return nil, fmt.Errorf("%s is not there", path)
	}
	if l == nil {
		names, found := schema.ParseList(path, data)
		return names, found.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if have, ok := l.read[path]; ok && bytes.Equal(have.from, data) {
		return have.names, have.err
	}
	names, found := schema.ParseList(path, data)
	if l.read == nil {
		l.read = map[string]parsedList{}
	}
	l.read[path] = parsedList{bytes.Clone(data), names, found.Err()}
	return names, found.Err()
}
