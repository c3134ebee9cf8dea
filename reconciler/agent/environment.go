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

// Names by which the loader of the system, a shell, or the runtime of a language finds code to run, and those that are sluice's own.
// No list of them is whole, which a prefix is.
var (
	loading = []string{
		"PATH", "BASH_ENV", "BASHOPTS", "SHELLOPTS", "PROMPT_COMMAND", "ZDOTDIR", "GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "NLSPATH",
		"OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES",
		"CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "JAVA_HOME",
		"NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE",
		"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONPLATLIBDIR", "PYTHONEXECUTABLE", "PYTHONBREAKPOINT", "PYTHONPYCACHEPREFIX", "PYTHONWARNINGS",
		"PERLLIB", "PERL5LIB", "PERL5OPT", "PERL5DB", "RUBYLIB", "RUBYOPT", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE", "PHPRC", "PHP_INI_SCAN_DIR",
		"DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "DOTNET_SHARED_STORE", "DOTNET_ROOT",
		"ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "ERL_LIBS", "LUA_PATH", "LUA_CPATH", "LUA_INIT", "JULIA_LOAD_PATH", "JULIA_DEPOT_PATH",
		"R_HOME", "R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER", "R_LIBS", "R_LIBS_USER", "R_LIBS_SITE", "TCLLIBPATH",
		"GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_EDITOR", "GIT_PAGER", "GIT_ASKPASS", "GIT_PROXY_COMMAND", "SSH_ASKPASS",
	}
	loadingBelow = []string{"LD_", "DYLD_", "LUA_PATH_", "LUA_CPATH_", "LUA_INIT_", "CORECLR_", "COR_PROFILER", "COR_ENABLE_PROFILING", "GIT_CONFIG", "SLUICE_"}
)

// allowedName keeps configuration from choosing which program or library a process loads.
func allowedName(name string) error {
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		return fmt.Errorf("no variable can be called %q; give a prefix", name)
	}
	if slices.Contains(loading, name) || slices.ContainsFunc(loadingBelow, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
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
