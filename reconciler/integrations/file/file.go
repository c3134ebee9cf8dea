// Package file is a target that keeps each cell as a directory of plain files, for programs that read their
// configuration from disk, for the demo and for tests.
//
//	<directory>/<stage>/<app>/current              symbolic link, replaced in one step: what readers open
//	<directory>/<stage>/<app>/.sluice/000042/      a generation: the files, .sluice.json (the head), .sluice.document and .sluice.manifest
//	<directory>/<stage>/<app>/.sluice/lock         taken by writers
//	<directory>/.sluice/<project>/checkpoint       the newest signed checkpoint of the project's ledger
//
// A reader that opens current once and reads below what it opened sees one release whole: the generation before stays
// until the next release but one. The manifest is the inventory: only what it lists is ever deleted.
package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Integration is the line for the list of integrations.
func Integration() integrations.Integration {
	return integrations.Integration{Name: "file", Target: func(_ context.Context, s integrations.Spec) (integrations.Target, error) {
		return New(s)
	}}
}

// Target is one directory that holds cells.
type Target struct {
	spec integrations.Spec
	dir  string
}

// New takes the operator's setting directory, which has to exist. It is opened for each call, so that it may be a mount
// that comes and goes; it is never created, or a missing mount would be filled.
func New(spec integrations.Spec) (*Target, error) {
	if err := errors.Join(spec.Check(), spec.Only("directory"), lockable()); err != nil {
		return nil, err
	}
	dir := spec.Settings["directory"]
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("target %s: directory %q: want the absolute path of one that exists", spec.Name, dir)
	}
	return &Target{spec: spec, dir: filepath.Clean(dir)}, nil
}

// Read implements [integrations.Target].
func (t *Target) Read(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	place, err := t.place(want)
	if err != nil {
		return integrations.Observation{}, err
	}
	root, err := t.open(place)
	if err != nil {
		return integrations.Observation{Place: t.name(place)}, err
	}
	defer root.Close()
	cell, err := root.OpenRoot(place)
	if errors.Is(err, fs.ErrNotExist) {
		return t.nothing(place, want), t.canceled(ctx, place)
	}
	if err != nil {
		return integrations.Observation{Place: t.name(place)}, t.fail(place, err)
	}
	defer cell.Close()
	found, err := t.observe(ctx, cell, place, want)
	return found.Observation, err
}

// Fits implements [integrations.Fitter].
func (t *Target) Fits(want integrations.Release) schema.Verdict {
	v := schema.Verdict{Policy: "fits", Outcome: schema.Deny, Args: map[string]string{"target": t.spec.Name}}
	if _, err := t.place(want); err != nil {
		v.Code, v.Args["why"] = integrations.CodeInvalid, integrations.Reason(err)
		return v
	}
	for _, f := range want.Manifest {
		if err := checkPath(f.Path); err != nil {
			v.Code, v.Args["path"], v.Args["why"] = integrations.CodeInvalid, f.Path, err.Error()
			return v
		}
	}
	return schema.Verdict{Policy: "fits", Outcome: schema.Allow}
}

// place is the cell's directory below dir. The stage's setting root is a folder between the two.
func (t *Target) place(want integrations.Release) (string, error) {
	for name := range want.Settings {
		if name != "root" {
			return "", t.error(want.Cell.String(), integrations.ErrInvalid, fmt.Errorf("unknown setting %q; a stage has: root", name))
		}
	}
	if want.Prune {
		return "", t.error(want.Cell.String(), integrations.ErrInvalid, errors.New("foreign: prune is not for directories; files beside ours are only told of"))
	}
	base := want.Settings["root"]
	if base != "" && (!fs.ValidPath(base) || strings.ContainsAny(base, "\\\x00")) {
		return "", t.error(want.Cell.String(), integrations.ErrInvalid, fmt.Errorf("root %q: want a relative path", base))
	}
	if first, _, _ := strings.Cut(base, "/"); first == ownDir {
		return "", t.error(want.Cell.String(), integrations.ErrInvalid, fmt.Errorf("root %q: %s is the target's own", base, ownDir))
	}
	if err := schema.CheckSegment(string(want.Cell.Stage)); err != nil {
		return "", t.error(want.Cell.String(), integrations.ErrInvalid, err)
	}
	if _, err := schema.ParseApp(string(want.Cell.App)); err != nil {
		return "", t.error(want.Cell.String(), integrations.ErrInvalid, err)
	}
	return path.Join(base, string(want.Cell.Stage), string(want.Cell.App)), nil
}

// checkPath holds for a file of an app that a directory can have: inside it, and no name of ours.
func checkPath(name string) error {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") || !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("not a path below the app")
	}
	if isOwn(name) {
		return fmt.Errorf("the name is the target's own")
	}
	if len(name) > 1024 {
		return fmt.Errorf("%d bytes long, more than 1024", len(name))
	}
	for segment := range strings.SplitSeq(name, "/") {
		if len(segment) > 255 {
			return fmt.Errorf("a name of %d bytes, more than 255", len(segment))
		}
	}
	return nil
}

func (t *Target) canceled(ctx context.Context, place string) error {
	if err := ctx.Err(); err != nil {
		return t.fail(place, err)
	}
	return nil
}

func (t *Target) name(place string) string {
	return filepath.Join(t.dir, filepath.FromSlash(place), "current")
}

func (t *Target) error(key string, class, err error) error {
	return &integrations.Error{Target: t.spec.Name, Key: key, Class: class, Err: err}
}

// open opens the directory itself. Where it is not there, as with a volume that is not mounted, every cell is as badly off.
func (t *Target) open(key string) (*os.Root, error) {
	root, err := os.OpenRoot(t.dir)
	if err == nil {
		return root, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, t.fail(key, err)
	}
	return nil, &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrUnavailable, Err: err, Silent: true}
}

// fail finds the class of an error of the file system.
func (t *Target) fail(key string, err error) error {
	var known *integrations.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, fs.ErrPermission) {
		return t.error(key, integrations.ErrForbidden, err)
	}
	return t.error(key, integrations.ErrUnavailable, err)
}

// Fits is [Target.Fits] of a target that nobody has opened.
func Fits(name string, want integrations.Release) schema.Verdict {
	return (&Target{spec: integrations.Spec{Name: name}}).Fits(want)
}
