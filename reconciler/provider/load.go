package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The environment that [Load] reads.
const (
	EnvDirectory = "SLUICE_CONFIG_DIR" // /etc/sluice by default; below it NAMESPACE/NAME
	EnvProject   = "SLUICE_PROJECT"    // required
	EnvKeys      = "SLUICE_LOG_KEYS"   // a KeyFile, required
	EnvCache     = "SLUICE_CACHE_DIR"  // a DirCache; none by default
)

// Load is the short form for a program in Kubernetes: the ConfigMap name of a namespace, mounted at
// $SLUICE_CONFIG_DIR/NAMESPACE/NAME. By the reconciler's default template the namespace is the stage and the name is the app
// with "-config" after it ("." for "/"); a directory that the target "file" fills has the app's own name. It starts with what is there, or with what
// was there within the last day if $SLUICE_CACHE_DIR names a cache.
func Load(ctx context.Context, namespace, name string) (*Provider, error) {
	opts, err := loadOptions(os.Getenv, namespace, name)
	if err != nil {
		return nil, fmt.Errorf("load %s of %s: %w", name, namespace, err)
	}
	return Open(ctx, opts)
}

func loadOptions(getenv func(string) string, namespace, name string) (Options, error) {
	base := getenv(EnvDirectory)
	if base == "" {
		base = "/etc/sluice"
	}
	app := strings.ReplaceAll(strings.TrimSuffix(name, "-config"), ".", "/")
	o := Options{
		Source:  Directory{Path: filepath.Join(base, namespace, filepath.FromSlash(name))},
		Project: getenv(EnvProject), Stage: namespace, App: app,
	}
	if file := getenv(EnvKeys); file != "" {
		o.Keys = KeyFile(file)
	}
	if dir := getenv(EnvCache); dir != "" {
		o.Cache, o.Start = DirCache(dir), AllowStale(24*time.Hour)
	}
	var missing []error
	for _, name := range []string{EnvProject, EnvKeys} {
		if getenv(name) == "" {
			missing = append(missing, fmt.Errorf("$%s is not set", name))
		}
	}
	return o, errors.Join(missing...)
}
