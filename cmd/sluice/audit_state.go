package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/file"
	"github.com/sluice-gitops/sluice/schema"
)

// liveFlags say which target is held against the ledger.
type liveFlags struct {
	state  string
	target string
}

func (f *liveFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.state, "state", "", "also compare what a target holds: `PATH` of its directory, or of a dump of etcd or of Kubernetes' objects")
	c.Flags().StringVar(&f.target, "target", "", "with --state: the target's `NAME` in sluice.yaml, where there are several")
}

// live opens what --state names; nil without it.
func (a *app) live(ctx context.Context, f cloneFlags, l liveFlags) (*reconciler.Live, error) {
	if l.state == "" {
		if l.target != "" {
			return nil, usageError(errors.New("--target says which target --state is of"))
		}
		return nil, nil
	}
	info, err := os.Stat(l.state)
	if err != nil {
		return nil, usageError(fmt.Errorf("--state: %w", err))
	}
	project, err := a.openClone(ctx, f)
	if err != nil {
		return nil, err
	}
	defer project.Close()
	name, err := targetName(project.Project, l.target)
	if err != nil {
		return nil, err
	}
	var stages []schema.StageName
	for _, s := range project.Project.Stages {
		stages = append(stages, s.Name)
	}
	if info.IsDir() {
		return &reconciler.Live{Target: name, Held: file.Look(l.state, stages)}, nil
	}
	objects, err := ofKubernetes(l.state)
	if err != nil {
		return nil, usageError(fmt.Errorf("--state: %w", err))
	}
	return &reconciler.Live{Target: name, Held: dump(l.state, func(f io.Reader) iter.Seq2[integrations.Held, error] {
		if objects {
			return configmap.ReadDump(f, settingsOf(project.Project, name))
		}
		return etcd.ReadDump(f, stages)
	})}, nil
}

// settingsOf are those that each stage gives a target, of the stages that have it.
func settingsOf(p schema.Project, target string) map[schema.StageName]map[string]string {
	out := map[schema.StageName]map[string]string{}
	for _, s := range p.Stages {
		for _, t := range s.Targets {
			if t.Name == target {
				out[s.Name] = t.Settings
			}
		}
	}
	return out
}

// ofKubernetes tells what kubectl printed from what etcdctl did, by the first list in it.
func ofKubernetes(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	for dec := json.NewDecoder(f); ; {
		token, err := dec.Token()
		if err != nil || token == "kvs" {
			return false, nil //nolint:nilerr // told when it is read as a dump of etcd
		}
		if token == "items" {
			return true, nil
		}
	}
}

// dump opens the file while it is read.
func dump(path string, read func(io.Reader) iter.Seq2[integrations.Held, error]) iter.Seq2[integrations.Held, error] {
	return func(yield func(integrations.Held, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(integrations.Held{}, err)
			return
		}
		defer f.Close()
		read(f)(yield)
	}
}

// targetName is the target that was named, or the only one there is.
func targetName(p schema.Project, asked string) (string, error) {
	names := map[string]bool{}
	for _, s := range p.Stages {
		for _, t := range s.Targets {
			names[t.Name] = true
		}
	}
	all := slices.Sorted(maps.Keys(names))
	switch {
	case asked != "" && names[asked]:
		return asked, nil
	case asked == "" && len(all) == 1:
		return all[0], nil
	case asked == "":
		return "", usageError(fmt.Errorf("--target: name one of %s", strings.Join(all, ", ")))
	}
	return "", &failure{code: exitUsage, err: fmt.Errorf("--target: there is no target %q", asked), hint: schema.DidYouMean(asked, all)}
}
