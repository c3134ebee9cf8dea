package provider

import (
	"context"
	"encoding/json"
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
// with "-config" after it ("." for "/"); a directory that the target "file" fills has the app's own name, also where that ends in
// "-config". It starts with what is there, or with what was there within the last day if $SLUICE_CACHE_DIR names a cache.
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
	source := Directory{Path: filepath.Join(base, namespace, filepath.FromSlash(name))}
	app, err := source.appOf(name)
	missing := []error{err}
	o := Options{Source: source, Project: getenv(EnvProject), Stage: namespace, App: app}
	if file := getenv(EnvKeys); file != "" {
		o.Keys = KeyFile(file)
	}
	if dir := getenv(EnvCache); dir != "" {
		o.Cache, o.Start = DirCache(dir), AllowStale(24*time.Hour)
	}
	for _, name := range []string{EnvProject, EnvKeys} {
		if getenv(name) == "" {
			missing = append(missing, fmt.Errorf("$%s is not set", name))
		}
	}
	return o, errors.Join(missing...)
}

// templateSuffix is what the reconciler's default template puts behind the name of an app.
const templateSuffix = "-config"

// appOf is the app whose configuration a directory of that name has. A name that ends like the template's is the template's where
// Kubernetes mounted it, and the app's own where the target "file" filled it; who made a directory without a link, its head tells.
// The provider takes none of another app, so a wrong answer is refused. Without a directory there is no telling, and a guess
// could start the program with the cache of another app.
func (d Directory) appOf(name string) (string, error) {
	own := strings.ReplaceAll(name, ".", "/")
	if mutable, ok := ofOneRelease(name); ok && d.headApp() == strings.ReplaceAll(strings.TrimSuffix(mutable, templateSuffix), ".", "/") {
		return "", fmt.Errorf("%s is the ConfigMap of one release (mode rolling), and the next one has another name: mount it at the path …/%s and load %s", name, mutable, mutable)
	}
	short, ambiguous := strings.CutSuffix(own, templateSuffix)
	if !ambiguous || short == "" {
		return own, nil
	}
	switch link, _ := d.link(); link {
	case kubernetesLink:
		return short, nil
	case fileLink:
		return own, nil
	}
	if _, err := os.Stat(d.Path); err != nil {
		return "", fmt.Errorf("the app is %s in a mounted ConfigMap and %s in a directory of the target file, and neither is there (name it in Options.App of Open): %w", short, own, err)
	}
	if d.headApp() == own {
		return own, nil
	}
	return short, nil
}

// headApp is the app that the head which is there names, genuine or not; empty where there is none.
func (d Directory) headApp() string {
	_, target := d.link()
	raw, err := d.read(target, HeadFile, MaxHead)
	if err != nil {
		return ""
	}
	var head struct {
		App string `json:"app"`
	}
	if json.Unmarshal(raw, &head) != nil {
		return ""
	}
	return head.App
}
