package configmap

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	apischema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	defaultNamespace = "{stage}"
	defaultName      = "{app}-config"
)

// place is where a cell is.
type place struct {
	namespace string
	name      string // of the object that changes
	resource  apischema.GroupVersionResource
	kind      string // ConfigMap or Secret
	rolling   bool
}

// String is what people and ledger entries call it.
func (p place) String() string { return p.namespace + "/" + p.name }

// layout is what a stage's settings say, for all of its apps.
type layout struct {
	namespace, name string // templates
	resource        apischema.GroupVersionResource
	kind            string
	rolling         bool
}

// layoutOf reads a stage's settings.
func (t *Target) layoutOf(settings map[string]string) (layout, error) {
	l := layout{namespace: defaultNamespace, name: defaultName, resource: configMaps, kind: "ConfigMap"}
	for _, name := range sorted(settings) {
		if !slices.Contains([]string{"namespace", "name", "mode", "kind"}, name) {
			return l, fmt.Errorf("unknown setting %q; a stage has: namespace, name, mode, kind", name)
		}
	}
	if t.fixed != "" {
		l.namespace = t.fixed
	}
	if namespace, ok := settings["namespace"]; ok {
		if t.fixed != "" && namespace != t.fixed {
			return l, fmt.Errorf("namespace %q: the operator's file says %s", namespace, t.fixed)
		}
		l.namespace = namespace
	}
	if name, ok := settings["name"]; ok {
		l.name = name
	}
	if err := checkTemplate(l.namespace); err != nil {
		return l, fmt.Errorf("namespace %q: %w", l.namespace, err)
	}
	if err := checkTemplate(l.name); err != nil {
		return l, fmt.Errorf("name %q: %w", l.name, err)
	}
	if !strings.Contains(l.namespace+l.name, "{app}") {
		return l, fmt.Errorf("name %q: without {app}, all apps of the stage would have one object", l.name)
	}
	switch mode := settings["mode"]; mode {
	case "", "inplace":
	case "rolling":
		l.rolling = true
	default:
		return l, fmt.Errorf("mode %q: want inplace or rolling", mode)
	}
	switch kind := settings["kind"]; kind {
	case "", "configmap":
	case "secret":
		l.resource, l.kind = secrets, "Secret"
	default:
		return l, fmt.Errorf("kind %q: want configmap or secret", kind)
	}
	return l, nil
}

var (
	labelShape  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	objectShape = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

// maxName leaves room for the hash of a rolling object.
const maxName = 253 - 1 - hashLength

// at fills in the templates. A / of an app's name becomes a dot, which no segment has: two apps never have one name.
func (l layout) at(cell schema.Cell) (place, error) {
	p := place{resource: l.resource, kind: l.kind, rolling: l.rolling}
	if err := schema.CheckSegment(string(cell.Stage)); err != nil {
		return p, err
	}
	if _, err := schema.ParseApp(string(cell.App)); err != nil {
		return p, err
	}
	fill := strings.NewReplacer("{stage}", string(cell.Stage), "{app}", dotted(cell.App))
	p.namespace, p.name = fill.Replace(l.namespace), fill.Replace(l.name)
	if !labelShape.MatchString(p.namespace) {
		return p, fmt.Errorf("namespace %q (of the template %s): want a-z, 0-9 and - inside, at most 63", p.namespace, l.namespace)
	}
	if !objectShape.MatchString(p.name) || len(p.name) > maxName {
		return p, fmt.Errorf("name %q (of the template %s): want a-z, 0-9, and - or . inside, at most %d", p.name, l.name, maxName)
	}
	return p, nil
}

func dotted(app schema.App) string { return strings.ReplaceAll(string(app), "/", ".") }

func (t *Target) placeOf(cell schema.Cell, settings map[string]string) (place, error) {
	l, err := t.layoutOf(settings)
	if err != nil {
		return place{}, t.error(cell.String(), integrations.ErrInvalid, err)
	}
	p, err := l.at(cell)
	if err != nil {
		return place{}, t.error(cell.String(), integrations.ErrInvalid, err)
	}
	return p, nil
}
