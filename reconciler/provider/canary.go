package provider

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Identity says which instance of a program this is: gray rules choose by it, and it is what the instance reports itself as.
type Identity struct {
	// Instance has no slash. It is the same after a restart if its share of a percentage shall be: a Pod's ordinal, a host's name.
	Instance string
	Service  string            // the program's name
	Labels   map[string]string // what else rules may choose by: zone, node pool
}

// Canary is another document for some of the instances, while a stage widens a new revision step by step.
type Canary struct {
	Revision string `json:"revision"`
	Content  string `json:"content"`
	Doc      string `json:"doc"`
	Size     int64  `json:"size"`
	Inline   []byte `json:"inline"`
	Blobs    int    `json:"blobs"`
	Commit   string `json:"commit"`
	Rule     Rule   `json:"rule"`
}

// Rule says which instances get the canary. Each part chooses, and an instance that any of them chooses is in. The zero rule
// chooses nobody.
type Rule struct {
	Services []string          `json:"services"` // by name
	Labels   map[string]string `json:"labels"`   // whoever has all of them
	Percent  Permyriad         `json:"permyriad"`
	Salt     string            `json:"salt"` // the revision's: another draw for each
}

// Permyriad is a share in hundredths of a percent, so that 0.25 % is a whole number.
type Permyriad int

// Selects reports whether an instance gets the canary. It depends on nothing else, so an instance stays on its side when
// it restarts, and whoever is in at 5 % is still in at 25 %.
func (r Rule) Selects(app string, me Identity) bool {
	if me.Service != "" && slices.Contains(r.Services, me.Service) {
		return true
	}
	if len(r.Labels) > 0 && hasAll(me.Labels, r.Labels) {
		return true
	}
	return me.Instance != "" && bucket(r.Salt, app, me.Instance) < int(r.Percent)
}

func hasAll(have, want map[string]string) bool {
	for name, value := range want {
		if got, ok := have[name]; !ok || got != value {
			return false
		}
	}
	return true
}

// bucket puts an instance into one of 10,000.
func bucket(salt, app, instance string) int {
	sum := sha256.Sum256([]byte(salt + "\x00" + app + "\x00" + instance))
	return int(binary.BigEndian.Uint64(sum[:8]) % 10_000)
}

func (c *Canary) check() error {
	texts := append([]string{c.Revision, c.Content, c.Rule.Salt}, c.Rule.Services...)
	for name, value := range c.Rule.Labels {
		texts = append(texts, name, value)
	}
	for _, text := range texts {
		if !plain(text) {
			return errors.New("field canary: a text")
		}
	}
	switch {
	case !digest.MatchString(c.Doc):
		return errors.New("field canary: doc")
	case c.Size < 0 || c.Size > MaxDocument || c.Blobs < 0 || c.Blobs > MaxDocument>>10:
		return errors.New("field canary: size")
	case c.Rule.Percent < 0 || c.Rule.Percent > 10_000:
		return errors.New("field canary: permyriad")
	}
	return nil
}

// The bounds of what the reconciler reads of an instance.
const (
	maxLabels     = 32
	maxLabelBytes = 6 << 10
)

const wantText = "want letters, digits and +-./:=_@, at most 200"

// valid refuses what the reconciler would not read in a report, and what no rule of a canary can say.
func (me Identity) valid() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format+": "+wantText, args...))
		}
	}
	want(me.Instance == "" || plain(me.Instance) && !strings.Contains(me.Instance, "/"), "instance %q (without a slash)", me.Instance)
	want(me.Service == "" || plain(me.Service), "service %q", me.Service)
	size := 0
	for _, name := range slices.Sorted(maps.Keys(me.Labels)) {
		value := me.Labels[name]
		want(plain(name), "label name %q", name)
		want(plain(value), "label %s %q", name, value)
		size += len(name) + len(value)
	}
	if len(me.Labels) > maxLabels || size > maxLabelBytes {
		errs = append(errs, fmt.Errorf("%d labels, %d bytes of labels: want at most %d and %d", len(me.Labels), size, maxLabels, maxLabelBytes))
	}
	return errors.Join(errs...)
}

func (me Identity) clone() Identity {
	me.Labels = maps.Clone(me.Labels)
	return me
}
