// Package properties makes flat keys with text values of an app's files, for programs that know no other configuration:
// server.port=8080, hosts[0]=a. A file of YAML or JSON is flattened, one of .properties is read as Java reads it.
//
// The leaves are those that `sluice diff` compares and that the mirror of the target "etcd" has; only the way to a leaf is
// written as such programs expect it. Text is as it is, every other value as JSON writes it: 1.10 keeps its zero.
package properties

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Of returns the flat keys of a file. It is not ok for a file that has none: text, a binary, nothing of that name. Two values
// that would have one flat key are an error, because one of them would be lost; the error names keys and no value.
func Of(d *provider.Document, file string) (keys map[string]string, ok bool, err error) {
	if text, ok := d.JSON(file); ok {
		keys, err := flatten(text)
		if err != nil {
			return nil, true, fmt.Errorf("%s: %w", file, err)
		}
		return keys, true, nil
	}
	data, found := d.File(file)
	if !found || path.Ext(file) != ".properties" {
		return nil, false, nil
	}
	keys, err = Parse(data)
	if err != nil {
		return nil, true, fmt.Errorf("%s: %w", file, err)
	}
	return keys, true, nil
}

func flatten(text []byte) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("not JSON") // the reason would quote content
	}
	keys := map[string]string{}
	if without(tree) {
		return keys, nil
	}
	return keys, add(keys, "", tree)
}

// without reports whether a file has no values at all. An empty one is null.
func without(tree any) bool {
	switch v := tree.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

func add(keys map[string]string, key string, value any) error {
	switch v := value.(type) {
	case map[string]any:
		for name, below := range v {
			if err := add(keys, under(key, name), below); err != nil {
				return err
			}
		}
		if len(v) > 0 {
			return nil
		}
	case []any:
		for i, below := range v {
			if err := add(keys, key+"["+strconv.Itoa(i)+"]", below); err != nil {
				return err
			}
		}
		if len(v) > 0 {
			return nil
		}
	}
	if _, twice := keys[key]; twice {
		return fmt.Errorf("two values would have the key %q", key)
	}
	text, err := plain(value)
	keys[key] = text
	return err
}

func under(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// plain is text as it is, and any other value as JSON writes it.
func plain(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("write a value: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}
