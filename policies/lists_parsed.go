package policies

import (
	"bytes"
	"errors"
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
		return nil, errNoList
	}
	if l == nil {
		names, found := schema.ParseList(path, data)
		return names, listFault(path, found)
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
	err := listFault(path, found)
	l.read[path] = parsedList{bytes.Clone(data), names, err}
	return names, err
}

var errNoList = errors.New("it is not there")

// listFault is what is wrong in a list, in one line: the first of its findings.
func listFault(path string, found schema.Diagnostics) error {
	if len(found) == 0 {
		return nil
	}
	return errors.New(placed(found[0].Position, path, found[0].Message))
}
