package policies

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiledSchemas keeps what a gate compiled, by path. What is kept is used only for the very bytes that it was made of, so
// that a verdict depends on the facts alone.
type compiledSchemas struct {
	mu   sync.Mutex
	made map[string]compiledSchema
}

type compiledSchema struct {
	schema *jsonschema.Schema
	from   map[string][]byte // every file that it was made of
}

func (c *compiledSchemas) of(path string, files map[string][]byte) (*jsonschema.Schema, error) {
	if c == nil {
		made, err := compile(path, files)
		return made.schema, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, ok := c.made[path]; ok && made.still(files) {
		return made.schema, nil
	}
	made, err := compile(path, files)
	if err != nil {
		return nil, err
	}
	if c.made == nil {
		c.made = map[string]compiledSchema{}
	}
	c.made[path] = made
	return made.schema, nil
}

func (c compiledSchema) still(files map[string][]byte) bool {
	for path, was := range c.from {
		if is, ok := files[path]; !ok || !bytes.Equal(was, is) {
			return false
		}
	}
	return true
}

// compile resolves references among the schemas in force and nowhere else: a policy asks nobody.
func compile(path string, files map[string][]byte) (compiledSchema, error) {
	used := map[string][]byte{}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseLoader(inForce{files, used})
	made, err := c.Compile(location(path))
	return compiledSchema{made, used}, err
}

const schemaScheme = "sluice:///"

func location(path string) string { return schemaScheme + path }

// inForce loads schemas from the control files, and notes which.
type inForce struct{ files, used map[string][]byte }

// Load serves the compiler; a reference that leaves the control files is an error.
func (s inForce) Load(url string) (any, error) {
	path, ours := strings.CutPrefix(url, schemaScheme)
	data, ok := s.files[path]
	if !ours || !ok {
		return nil, fmt.Errorf("%s: %w", url, fs.ErrNotExist)
	}
	s.used[path] = data
	return reading(nil).decode(path, data)
}
