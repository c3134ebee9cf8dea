package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// traceFlags say where the live key can be read.
type traceFlags struct {
	cloneFlags
	config string
}

func (a *app) traceCommand() *cobra.Command {
	var f traceFlags
	c := &cobra.Command{
		Use: "trace etcd:KEY|configmap:NAMESPACE/NAME[/KEY]", Short: "Lead from a live key back to who brought it", Args: cobra.ExactArgs(1),
		Long: `trace tells of a key at a target which file and line it comes from, and then, entry by entry, who changed it, who signed, which merge
request brought it and who approved. With --config it reads the key and says whether it is as admitted; without, no server is asked.
It ends with 0 where the key is as admitted or was not read, and with 1 where it differs, is missing, or nobody admitted it.`,
		Example: `  sluice trace etcd:/config/production/payments/kv/app.yaml/limits/maxTransfer --config reconciler.yaml
  sluice trace etcd:/config/production/payments/head#app.yaml
  sluice trace configmap:production/payments-config/app.yaml --config reconciler.yaml`,
		RunE: func(c *cobra.Command, args []string) error { return a.trace(c.Context(), f, args[0]) },
	}
	f.add(c)
	c.Flags().StringVar(&f.config, "config", "", "the operator's `FILE`, to read the key at the target")
	return c
}

// traced is what is known of a key. Its value is shown only where diff would show it.
type traced struct {
	Target string   `json:"target"` // kind
	Key    string   `json:"key"`
	State  string   `json:"state"` // admitted, before, differs, missing, foreign, unvouched, unread
	Why    string   `json:"why,omitempty"`
	Value  string   `json:"value,omitempty"`
	Want   string   `json:"admitted,omitempty"`
	Live   *liveKey `json:"live,omitempty"`
	Object string   `json:"object,omitempty"` // the immutable one that the pointer names now
	Path   string   `json:"path,omitempty"`   // in the repository
	Line   int      `json:"line,omitempty"`
	Commit string   `json:"commit,omitempty"` // that the path is at
	Last   int64    `json:"-"`                // entry that this clone has

	Pointer string `json:"-"` // the object that names the one with the files, if there is one
	custody
}

// liveKey is what was read: never the value.
type liveKey struct {
	Digest   schema.Digest `json:"digest,omitempty"` // empty: the key is not there
	Revision int64         `json:"mod_revision,omitempty"`
	Lease    bool          `json:"lease,omitempty"`
	By       string        `json:"by,omitempty"` // who wrote it beside us, where the target tells
}

// The answers of trace.
const (
	keyAdmitted = "admitted"
	keyDiffers  = "differs"
	keyMissing  = "missing"
	keyForeign  = "foreign"
	keyUnread   = "unread"
	keyBefore   = "before" // of a release that was replaced, and whole
	// keyUnvouched: neither the ledger nor anything that it signed says what the key has to be.
	keyUnvouched = "unvouched"
)

func (a *app) trace(ctx context.Context, f traceFlags, what string) error {
	kind, key, ok := strings.Cut(what, ":")
	if !ok || kind != "etcd" && kind != "configmap" || key == "" {
		return &failure{code: exitUsage, err: fmt.Errorf("%q is no key at a target", what),
			hint: "write etcd: and the key, like etcd:/config/production/payments/head, or configmap:NAMESPACE/NAME/KEY"}
	}
	op, err := f.operator()
	if err != nil {
		return err
	}
	project, err := a.openClone(ctx, f.cloneFlags)
	if err != nil {
		return err
	}
	defer project.Close()
	found := traced{Target: kind, Key: key, State: keyUnread, Last: project.Ledger.Head().Size}
	if kind == "configmap" {
		if err := traceObject(ctx, project, op, key, &found); err != nil {
			return err
		}
		return a.printTrace(found)
	}
	place, err := keyPlaceOf(project, key)
	if err != nil {
		return err
	}
	found.App, found.Stage = place.cell.App, place.cell.Stage
	t := &keyTracer{tracer: tracer{clone: project, cell: place.cell}, place: place}
	if err := t.follow(ctx, &found); err != nil {
		return err
	}
	if err := readLive(ctx, op, t, &found); err != nil {
		return err
	}
	return a.printTrace(found)
}

// operator reads the operator's file; nil where none is named.
func (f traceFlags) operator() (*schema.Operator, error) {
	if f.config == "" {
		return nil, nil
	}
	op, err := readOperator(f.config)
	if err != nil {
		return nil, err
	}
	return &op, nil
}

// keyPlace is a key taken apart.
type keyPlace struct {
	cell schema.Cell
	key  string // without a file of a head
	root string
	part string // head, kv, rel or consumers; empty for anything else
	rest string // below the part, or the file of a head
}

// keyPlaceOf takes a key apart as it is: it is no path that could be written otherwise. A # is a letter of it, but for the one
// after a head, which comes before a file that the head has.
func keyPlaceOf(c *clone, key string) (keyPlace, error) {
	var stages []schema.StageName
	for _, s := range c.Project.Stages {
		stages = append(stages, s.Name)
	}
	if !strings.HasPrefix(key, "/") {
		return keyPlace{}, &failure{code: exitUsage, err: fmt.Errorf("no key of a target begins like %s: all begin with /", key), hint: "sluice trace etcd:/" + key}
	}
	root, stage, rest, ok := integrations.PlaceOf(stages, key)
	if !ok {
		return keyPlace{}, &failure{code: exitUsage, err: fmt.Errorf("no stage of this project is in the key %s", key), hint: "a key is ROOT/STAGE/APP/…; sluice status names the stages"}
	}
	p := keyPlace{cell: schema.Cell{Stage: stage}, key: key, root: root}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		p.cell.App = schema.App(strings.Join(segments[:i], "/"))
		name, _, _ := strings.Cut(s, "#")
		switch {
		case name == "head":
			p.head(strings.Join(segments[i:], "/"))
			return p, nil
		case s == "kv", s == "rel", s == "consumers":
			p.part, p.rest = s, strings.Join(segments[i+1:], "/")
			return p, nil
		}
	}
	return p, nil
}

// head takes what a key has after its app: the head, or a file of it. Below a head there is no key.
func (p *keyPlace) head(below string) {
	if name, file, named := strings.Cut(below, "#"); name == "head" {
		p.part, p.rest = name, file
		if named {
			p.key = strings.TrimSuffix(p.key, "#"+file)
		}
	}
}

// readLive reads the key where the operator's file says the target is.
func readLive(ctx context.Context, op *schema.Operator, t *keyTracer, found *traced) error {
	if op == nil {
		if !t.rooted() {
			t.disown(found)
		}
		return nil
	}
	target, address, err := t.address(*op)
	if err != nil {
		return err
	}
	t.target = target.Name
	ours, err := etcd.Writes(settings(address), target.Settings, t.cell, t.place.key)
	if err != nil {
		return err
	}
	if ours {
		ours = t.mirrored(target.Settings["mirror"])
	}
	if !ours {
		t.disown(found)
	}
	key, err := etcd.ReadKey(ctx, settings(address), t.place.key)
	if err != nil {
		return fmt.Errorf("read %s: %w", t.place.key, err)
	}
	return t.judge(ctx, key, found)
}

// rooted reports whether a target of the stage may have the key's root, as far as sluice.yaml says.
func (t *keyTracer) rooted() bool {
	stage, _ := t.Project.Stage(t.cell.Stage)
	return slices.ContainsFunc(stage.Targets, func(s schema.StageTarget) bool { return etcd.MayHaveRoot(s.Settings, t.place.root) })
}

// disown takes back what was found of a key that no target has.
func (t *keyTracer) disown(found *traced) {
	if found.State == keyUnvouched {
		return
	}
	found.State = keyForeign
	found.custody = custody{App: t.cell.App, Stage: t.cell.Stage}
	found.Path, found.Line, found.Commit, found.Want = "", 0, "", ""
}

// address finds the target of kind etcd that the cell's stage is delivered to.
func (t *keyTracer) address(op schema.Operator) (schema.StageTarget, schema.TargetAddress, error) {
	stage, _ := t.Project.Stage(t.cell.Stage)
	if p, ok := operatorProject(op, t.Ledger.Head().Anchor); ok {
		for _, target := range stage.Targets {
			if address, ok := p.Targets[target.Name]; ok && address.Kind == "etcd" {
				return target, address, nil
			}
		}
	}
	return schema.StageTarget{}, schema.TargetAddress{}, &failure{code: exitUsage, err: fmt.Errorf("--config names no target of kind etcd for stage %s of this project", t.cell.Stage),
		hint: "give the operator's file of this project"}
}

func (a *app) printTrace(found traced) error {
	if a.json() {
		if err := a.encode(found); err != nil {
			return err
		}
	} else {
		s := auditSheet{to: a.out, color: a.colored()}
		s.traced(found)
	}
	if found.State == keyAdmitted || found.State == keyUnread || found.State == keyBefore {
		return nil
	}
	return answer{exitNo}
}

// foreignKey reports whether an error only says that nothing admitted has the key.
func foreignKey(err error) bool {
	var none *failure
	return errors.As(err, &none) && none.code == exitUsage
}
