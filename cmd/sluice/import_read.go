package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// etcdSource are the keys below a prefix.
type etcdSource struct {
	settings map[string]string
	prefix   string
}

func (etcdSource) kind() string     { return "etcd" }
func (s etcdSource) String() string { return "etcd:" + strings.TrimRight(s.prefix, "/") + "/" }

func (s etcdSource) read(ctx context.Context) (integrations.Existing, error) {
	if strings.Trim(s.prefix, "/") == "" {
		return integrations.Existing{}, &failure{code: exitUsage, err: errors.New("the prefix is empty"), hint: "name the prefix below which the apps are, like /config/production"}
	}
	found, err := etcd.ReadExisting(ctx, s.settings, s.prefix)
	if err != nil {
		return found, fmt.Errorf("read %s: %w", s, err)
	}
	return found, nil
}

// configMapSource are the ConfigMaps of a namespace, or one of them.
type configMapSource struct {
	settings        map[string]string
	namespace, name string
}

func (configMapSource) kind() string { return "configmap" }

func (s configMapSource) String() string {
	return strings.TrimRight("configmap:"+s.namespace+"/"+s.name, "/")
}

func (s configMapSource) read(ctx context.Context) (integrations.Existing, error) {
	if err := schema.CheckSegment(s.namespace); err != nil {
		return integrations.Existing{}, usageError(fmt.Errorf("namespace: %w", err))
	}
	found, err := configmap.ReadExisting(ctx, s.settings, s.namespace, s.name)
	if err != nil {
		return found, fmt.Errorf("read %s: %w", s, err)
	}
	return found, nil
}

// dirSource are the files below a directory.
type dirSource struct{ dir string }

func (dirSource) kind() string     { return "directory" }
func (s dirSource) String() string { return s.dir }

// read takes plain files. A link is told of and not followed: what it leads to may lie anywhere.
func (s dirSource) read(ctx context.Context) (integrations.Existing, error) {
	var found integrations.Existing
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return found, usageError(fmt.Errorf("read the directory: %w", err))
	}
	defer root.Close()
	size := 0
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case strings.EqualFold(d.Name(), ".git"):
			found.Left = append(found.Left, integrations.Left{Place: path, Why: "Git's own"})
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		item, err := readItem(root, path, d)
		if err != nil {
			return err
		}
		found.Items, size = append(found.Items, item), size+len(item.Value)
		if len(found.Items) > integrations.MaxExisting || size > integrations.MaxExistingBytes {
			return &integrations.Error{Key: s.dir, Class: integrations.ErrTooLarge, Why: fmt.Sprintf("more than %d files or %d bytes; take it in parts", integrations.MaxExisting, integrations.MaxExistingBytes)}
		}
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("read %s: %w", s.dir, err)
	}
	return found, nil
}

// readItem reads a file. Of what is no plain file it has a place and no value.
func readItem(root *os.Root, path string, d fs.DirEntry) (integrations.Item, error) {
	item := integrations.Item{Place: path, Name: path}
	if !d.Type().IsRegular() {
		return item, nil
	}
	info, err := d.Info()
	if err != nil {
		return item, err
	}
	item.Executable = info.Mode()&0o100 != 0
	if item.Value, err = root.ReadFile(path); err == nil && item.Value == nil {
		item.Value = []byte{}
	}
	return item, err
}
