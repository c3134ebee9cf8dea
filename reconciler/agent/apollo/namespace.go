package apollo

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/reconciler/agent/properties"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// namespace is what a client gets under one name. It is immutable.
type namespace struct {
	keys  map[string]string
	raw   bool      // a file's text, under the one key content
	key   string    // names the keys: releaseKey
	since int64     // ledger sequence of the release that changed it: notificationId
	came  time.Time // to this server
}

const (
	content     = "content"
	application = "application"
)

// flat are the endings of files that have flat keys, the first before the others.
var flat = []string{".properties", ".yaml", ".yml", ".json"}

// namespaces is everything that a release can be asked for.
func namespaces(d *provider.Document, seq int64, now time.Time) (map[string]namespace, []error) {
	spaces := map[string]namespace{}
	var errs []error
	put := func(name string, keys map[string]string, raw bool) {
		for _, name := range []string{name, strings.ReplaceAll(name, "/", ".")} {
			if _, taken := spaces[name]; !taken {
				spaces[name] = namespace{keys: keys, raw: raw, key: releaseKey(keys), since: seq, came: now}
			}
		}
	}
	for _, files := range byDepth(d.Files()) {
		for _, file := range files {
			if data, _ := d.File(file); path.Ext(file) != ".properties" && utf8.Valid(data) {
				put(file, map[string]string{content: string(data)}, true)
			}
		}
		for _, file := range files {
			keys, ok, err := properties.Of(d, file)
			if err != nil {
				errs = append(errs, err)
			} else if ok {
				put(strings.TrimSuffix(file, path.Ext(file)), keys, false)
			}
		}
	}
	if app, ok := spaces["app"]; ok {
		put(application, app.keys, app.raw)
	}
	return spaces, errs
}

// byDepth gives the files that are in no folder first, so that a/b.yaml does not take the name of a.b.yaml, and of those of
// one name the one that is to be taken before the others.
func byDepth(files []string) [2][]string {
	var groups [2][]string
	for _, file := range files {
		depth := 0
		if strings.Contains(file, "/") {
			depth = 1
		}
		groups[depth] = append(groups[depth], file)
	}
	for _, group := range groups {
		slices.SortStableFunc(group, func(a, b string) int {
			return cmp.Compare(slices.Index(flat, path.Ext(a)), slices.Index(flat, path.Ext(b)))
		})
	}
	return groups
}

// nameOf is a namespace's name as Apollo has it: .properties is not part of it.
func nameOf(asked string) string {
	if name, ok := strings.CutSuffix(asked, ".properties"); ok {
		return name
	}
	return asked
}

// releaseKey is the same for the same keys, whoever serves them.
func releaseKey(keys map[string]string) string {
	text, err := json.Marshal(keys) // sorted
	if err != nil {
		return "" // text always marshals
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
