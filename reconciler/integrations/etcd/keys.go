package etcd

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// DefaultRoot is below what all keys are, unless settings say otherwise.
const DefaultRoot = "/config"

// HeadKey is the key of a cell's head. The names have no characters that etcd or a shell could take for others.
func HeadKey(root string, cell schema.Cell) string {
	return root + "/" + string(cell.Stage) + "/" + string(cell.App) + "/head"
}

var rootShape = regexp.MustCompile(`^(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}){1,8}$`)

// CheckRoot refuses what no target has for a root.
func CheckRoot(root string) error {
	if !rootShape.MatchString(root) {
		return fmt.Errorf("root %q: want segments like /config, without a slash at the end", root)
	}
	return nil
}

// stageRoot is the root that a stage's settings choose.
func (t *Target) stageRoot(settings map[string]string) (string, error) {
	root, ok := settings["root"]
	if !ok {
		return t.root, nil
	}
	if err := CheckRoot(root); err != nil {
		return "", err
	}
	if t.fixed && root != t.root && !strings.HasPrefix(root, t.root+"/") {
		return "", fmt.Errorf("root %q is not below %s, the operator's", root, t.root)
	}
	return root, nil
}

// mirrorMode is the flat mirror that a stage's settings choose.
func mirrorMode(settings map[string]string) (string, error) {
	switch mode := settings["mirror"]; mode {
	case "", mirrorFiles, mirrorLeaves:
		return mode, nil
	case "none":
		return "", nil
	default:
		return "", fmt.Errorf("mirror %q: want files, leaves or none", mode)
	}
}

func checkSettings(settings map[string]string) error {
	for name := range settings {
		if name != "root" && name != "mirror" {
			return fmt.Errorf("unknown setting %q; a stage has: root, mirror", name)
		}
	}
	return nil
}

// place is where a cell is.
type place struct {
	head string // the key of the head
	dir  string // what is below the app, with a slash at the end
	mode string // of the mirror; empty without one
}

func (p place) generation(doc schema.Digest) string { return p.dir + "rel/" + doc.Hex() + "/" }

// inventory is the key of what we know to be ours. It sorts before every generation, and no generation is called so.
func (p place) inventory() string { return p.dir + "rel/.inventory" }

// placeOf is where a release belongs. The names are checked again here: they become keys.
func (t *Target) placeOf(want *integrations.Release) (place, error) {
	var mode string
	err := checkSettings(want.Settings)
	if err == nil {
		mode, err = mirrorMode(want.Settings)
	}
	var root string
	if err == nil {
		root, err = t.stageRoot(want.Settings)
	}
	if err == nil {
		err = schema.CheckSegment(string(want.Cell.Stage))
	}
	if err == nil {
		_, err = schema.ParseApp(string(want.Cell.App))
	}
	if err != nil {
		return place{}, &integrations.Error{Target: t.spec.Name, Key: want.Cell.String(), Class: integrations.ErrInvalid, Err: err}
	}
	head := HeadKey(root, want.Cell)
	return place{head: head, dir: strings.TrimSuffix(head, "head"), mode: mode}, nil
}

// cellOf returns the cell to which a key below a stage's prefix belongs: its head, a part or a key of its mirror. What
// applications report below consumers/ is nothing that a reconciler would compare.
func cellOf(stage schema.StageName, prefix, key string) (schema.Cell, bool) {
	rest, below := strings.CutPrefix(key, prefix)
	if !below {
		return schema.Cell{}, false
	}
	app, head := strings.CutSuffix(rest, "/head")
	for _, reserved := range []string{"/" + mirrorDir, "/rel/"} {
		if before, _, ok := strings.Cut(app, reserved); ok {
			app, head = before, true
		}
	}
	if !head {
		return schema.Cell{}, false
	}
	if _, err := schema.ParseApp(app); err != nil {
		return schema.Cell{}, false
	}
	return schema.Cell{Stage: stage, App: schema.App(app)}, true
}
