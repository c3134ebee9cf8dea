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

func checkRoot(root string) error {
	if !rootShape.MatchString(root) {
		return fmt.Errorf("root %q: want segments like /config, without a slash at the end", root)
	}
	return nil
}

// stageRoot is the root that a stage's settings choose.
func (t *Target) stageRoot(settings map[string]string) (string, error) {
	root := t.root
	for name, value := range settings {
		if name != "root" {
			return "", fmt.Errorf("unknown setting %q; a stage has: root", name)
		}
		root = value
	}
	if err := checkRoot(root); err != nil {
		return "", err
	}
	if t.fixed && root != t.root && !strings.HasPrefix(root, t.root+"/") {
		return "", fmt.Errorf("root %q is not below %s, the operator's", root, t.root)
	}
	return root, nil
}

// headKey is where a release belongs. The names are checked again here: they become keys.
func (t *Target) headKey(want integrations.Release) (string, error) {
	root, err := t.stageRoot(want.Settings)
	if err == nil {
		err = schema.CheckSegment(string(want.Cell.Stage))
	}
	if err == nil {
		_, err = schema.ParseApp(string(want.Cell.App))
	}
	if err != nil {
		return "", &integrations.Error{Target: t.spec.Name, Key: want.Cell.String(), Class: integrations.ErrInvalid, Err: err}
	}
	return HeadKey(root, want.Cell), nil
}

// cellOf returns the cell whose head a key below a stage's prefix is.
func cellOf(stage schema.StageName, prefix, key string) (schema.Cell, bool) {
	rest, below := strings.CutPrefix(key, prefix)
	app, head := strings.CutSuffix(rest, "/head")
	if !below || !head {
		return schema.Cell{}, false
	}
	if _, err := schema.ParseApp(app); err != nil {
		return schema.Cell{}, false
	}
	return schema.Cell{Stage: stage, App: schema.App(app)}, true
}
