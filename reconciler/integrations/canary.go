package integrations

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// MaxCanary is the largest document that goes to some instances only: it lies in the head beside the other one, in every target, so
// that nothing but the head moves when it widens.
const MaxCanary = 256 << 10

// Gray is what some instances get in place of a release, and which.
type Gray struct {
	Revision schema.Revision
	Content  schema.Content
	Commit   schema.Hash
	Document []byte
	Rule     schema.GrayRule
}

// Canary is the part of a head for those instances.
type Canary struct {
	Revision schema.Revision `json:"revision"`
	Content  schema.Content  `json:"content"`
	Doc      schema.Digest   `json:"doc"`
	Size     int64           `json:"size"`
	Inline   []byte          `json:"inline"` // always the document
	Blobs    int             `json:"blobs"`  // always 0
	Commit   schema.Hash     `json:"commit"`
	Rule     CanaryRule      `json:"rule"`
}

// CanaryRule says which instances. Each part chooses, and an instance that any of them chooses is in.
type CanaryRule struct {
	Services  []string          `json:"services"`
	Labels    map[string]string `json:"labels"`
	Permyriad int               `json:"permyriad"`
	Salt      schema.Revision   `json:"salt"` // another draw for each revision
}

// canaryOf is what a head says of it; nil where all get the same.
func canaryOf(g *Gray) *Canary {
	if g == nil {
		return nil
	}
	labels := map[string]string{}
	for name, value := range g.Rule.Labels {
		labels[name] = value
	}
	return &Canary{
		Revision: g.Revision, Content: g.Content, Commit: g.Commit, Doc: schema.DigestOf(g.Document), Size: int64(len(g.Document)), Inline: g.Document,
		Rule: CanaryRule{Services: append([]string{}, g.Rule.Services...), Labels: labels, Permyriad: g.Rule.Permyriad, Salt: g.Revision},
	}
}

// Says reports whether it is of that content, and for exactly the instances that the rule chooses.
func (c Canary) Says(revision schema.Revision, content schema.Content, commit schema.Hash, rule schema.GrayRule) bool {
	want := canaryOf(&Gray{Revision: revision, Content: content, Commit: commit, Rule: rule})
	return c.Revision == revision && c.Content == content && c.Commit == commit && reflect.DeepEqual(c.Rule, want.Rule)
}

func (c Canary) check() error {
	texts := append([]string{string(c.Revision), string(c.Content), string(c.Doc), string(c.Rule.Salt)}, c.Rule.Services...)
	for name, value := range c.Rule.Labels {
		texts = append(texts, name, value)
	}
	if i := slices.IndexFunc(texts, func(text string) bool { return !plain(text) }); i >= 0 {
		return fmt.Errorf("canary: text %q", texts[i])
	}
	switch {
	case c.Blobs != 0, int64(len(c.Inline)) != c.Size, c.Size == 0, c.Size > MaxCanary:
		return fmt.Errorf("canary: %d bytes of %d, in %d blobs", len(c.Inline), c.Size, c.Blobs)
	case schema.DigestOf(c.Inline) != c.Doc:
		return errors.New("canary: the document is not the one it names")
	case c.Rule.Permyriad < 0, c.Rule.Permyriad > 10_000:
		return fmt.Errorf("canary: share %d", c.Rule.Permyriad)
	}
	return nil
}
