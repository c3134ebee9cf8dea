package schema

import (
	"slices"
	"strings"
	"time"
)

// Consumer is what one instance of a program says it runs of a cell. Nobody signed it: whoever may write to the place where
// instances report can say anything there.
type Consumer struct {
	Instance string            `json:"instance"`
	Service  string            `json:"service,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Seq      int64             `json:"seq"` // entry of the ledger whose content runs; 0: what was compiled in
	Content  Content           `json:"content,omitempty"`
	Gray     bool              `json:"gray,omitempty"`
	Refused  int64             `json:"refused,omitempty"` // a newer entry that it does not take
	Why      string            `json:"why,omitempty"`     // rejected, refused, backwards, retired
	At       time.Time         `json:"at"`                // by its own clock
}

// Consumers are the instances of one cell as its targets showed them at a moment.
type Consumers struct {
	Cell      Cell       `json:"cell"`
	At        time.Time  `json:"at"`        // by our clock
	Instances []Consumer `json:"instances"` // sorted by name, each once
	Asked     []string   `json:"asked"`     // targets that were asked and answered, sorted
	Silent    []string   `json:"silent,omitempty"`
	// Unread counts reports that could not be read; More says that there are more than are read at all.
	Unread int  `json:"unread,omitempty"`
	More   bool `json:"more,omitempty"`
}

// ConsumerQuiet is how old an instance's last report may be: a program that is well reports every few minutes.
const ConsumerQuiet = 15 * time.Minute

// Quiet reports whether an instance said nothing for so long that nobody knows what it runs.
func (c Consumer) Quiet(now time.Time) bool { return now.Sub(c.At) > ConsumerQuiet }

// Runs reports whether the instance was heard of lately, and runs the content.
func (c Consumer) Runs(content Content, now time.Time) bool {
	return content != "" && c.Content == content && !c.Quiet(now)
}

// Add puts reports of one target beside those of others. Of an instance that reports in several places the newest counts.
func (c *Consumers) Add(target string, reports []Consumer, unread int, more bool) {
	c.Asked = append(c.Asked, target)
	slices.Sort(c.Asked)
	c.Unread, c.More = c.Unread+unread, c.More || more
	for _, r := range reports {
		i, found := slices.BinarySearchFunc(c.Instances, r.Instance, func(have Consumer, name string) int {
			return strings.Compare(have.Instance, name)
		})
		switch {
		case !found:
			c.Instances = slices.Insert(c.Instances, i, r)
		case r.At.After(c.Instances[i].At):
			c.Instances[i] = r
		}
	}
}

// Evidence is what a decision needs of them: who an instance is besides its name has no part in it.
func (c Consumers) Evidence() Consumers {
	c.Instances = slices.Clone(c.Instances)
	for i := range c.Instances {
		c.Instances[i].Service, c.Instances[i].Labels = "", nil
	}
	return c
}

// InstancesView says of the instances of a cell how many run what, as they were last seen.
type InstancesView struct {
	Stage    StageName       `json:"stage"`
	At       time.Time       `json:"at"` // when that was seen
	Content  Content         `json:"content"`
	Total    int             `json:"total"`
	Running  int             `json:"running"`  // of them run the content
	Quiet    int             `json:"quiet"`    // of them said nothing for long
	Refusing []RefusalView   `json:"refusing"` // those that do not take what they were given; the first few
	Refused  int             `json:"refused"`  // how many they are
	Other    []OtherInstance `json:"other"`    // the first few of those that run something else
	Unread   int             `json:"unread,omitempty"`
	More     bool            `json:"more,omitempty"`
	Silent   []string        `json:"silent,omitempty"` // targets that did not answer
}

// RefusalView is an instance that does not take what it was given.
type RefusalView struct {
	Instance string `json:"instance"`
	Why      string `json:"why"`
	Entry    int64  `json:"entry"` // what it does not take
}

// OtherInstance is an instance that runs something else.
type OtherInstance struct {
	Instance string `json:"instance"`
	Seq      int64  `json:"seq"`
}

// maxNamed bounds how many instances are named.
const maxNamed = 10

// View counts who runs the content.
func (c Consumers) View(content Content) InstancesView {
	v := InstancesView{
		Stage: c.Cell.Stage, At: c.At, Content: content, Total: len(c.Instances), Unread: c.Unread, More: c.More, Silent: c.Silent,
		Refusing: []RefusalView{}, Other: []OtherInstance{},
	}
	for _, i := range c.Instances {
		switch {
		case i.Quiet(c.At):
			v.Quiet++
		case i.Runs(content, c.At):
			v.Running++
		case i.Why != "":
			v.Refused++
			if len(v.Refusing) < maxNamed {
				v.Refusing = append(v.Refusing, RefusalView{i.Instance, i.Why, i.Refused})
			}
		case len(v.Other) < maxNamed:
			v.Other = append(v.Other, OtherInstance{i.Instance, i.Seq})
		}
	}
	return v
}
