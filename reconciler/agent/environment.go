package agent

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/agent/properties"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Environment makes variables of the flat keys of files: server.port of app.yaml is SERVER_PORT, with what Prefix puts
// before it. Each name comes from one key.
type Environment struct {
	Files  []string
	Prefix string
}

// of returns the variables as "NAME=value". Errors name keys, never a value.
func (e Environment) of(snap *provider.Snapshot) ([]string, error) {
	all := map[string]string{}
	from := map[string]string{}
	for _, file := range e.Files {
		keys, ok, err := properties.Of(snap.Document, file)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrEnvironment, err)
		}
		if !ok {
			return nil, fmt.Errorf("%w: %s: no file of this app with keys", ErrEnvironment, file)
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			name, at := e.Prefix+variable(key), file+": "+key
			if err := allowedName(name); err != nil {
				return nil, fmt.Errorf("%w: %s: %w", ErrEnvironment, at, err)
			}
			if other, taken := from[name]; taken {
				return nil, fmt.Errorf("%w: %s and %s are both called %s", ErrEnvironment, other, at, name)
			}
			if strings.ContainsRune(keys[key], 0) {
				return nil, fmt.Errorf("%w: %s: no variable can hold it", ErrEnvironment, at)
			}
			all[name], from[name] = keys[key], at
		}
	}
	out := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, name+"="+all[name])
	}
	return out, nil
}

// variable writes a key as the name of a variable: hosts[0].name is HOSTS_0_NAME.
func variable(key string) string {
	key = strings.NewReplacer("].", "_", "][", "_", "]", "").Replace(key)
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, key)
}

// allowedName keeps configuration from choosing which program or library a process loads.
func allowedName(name string) error {
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		return fmt.Errorf("no variable can be called %q; give a prefix", name)
	}
	if name == "PATH" || strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_") {
		return fmt.Errorf("the variable %s is not configuration's to set; give a prefix", name)
	}
	return nil
}

// environ is what a program of the agent's gets: the agent's own variables, what it runs on, then the configuration's.
func environ(snap *provider.Snapshot, opts provider.Options, dir string, config []string) []string {
	env := append(os.Environ(),
		"SLUICE_STAGE="+opts.Stage, "SLUICE_APP="+opts.App, "SLUICE_DIR="+dir,
		"SLUICE_SEQ="+strconv.FormatInt(snap.Seq(), 10), "SLUICE_REVISION="+snap.Revision())
	return append(env, config...)
}
