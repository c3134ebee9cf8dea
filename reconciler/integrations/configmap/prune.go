package configmap

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apischema "k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// keepReleases are the newest immutable objects of a cell that stay in any case, the present one among them.
	keepReleases = 10
	// keepTime is how long one stays after it was made.
	keepTime = 24 * time.Hour
)

// prune deletes immutable objects that are older than the newest ten, older than a day, and that no Pod and no ReplicaSet
// names: a Deployment that is rolled back finds its own. Who may not look at them deletes nothing.
func (t *Target) prune(ctx context.Context, g goal, have found) {
	if !g.rolling || have.release == nil {
		return
	}
	if err := t.pruneReleases(ctx, g, have.release.raw.GetName()); err != nil {
		t.spec.Logger().Warn("left old releases", "target", t.spec.Name, "place", g.String(), "error", err)
	}
}

func (t *Target) pruneReleases(ctx context.Context, g goal, current string) error {
	list, err := t.releases(ctx, g)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(o metav1.PartialObjectMetadata) bool {
		return o.Name == current || !strings.HasPrefix(o.Name, g.name+"-")
	})
	slices.SortFunc(list, func(a, b metav1.PartialObjectMetadata) int {
		return cmp.Or(cmp.Compare(seqOf(b), seqOf(a)), b.CreationTimestamp.Compare(a.CreationTimestamp.Time))
	})
	var old []metav1.PartialObjectMetadata
	for _, o := range list[min(keepReleases-1, len(list)):] {
		if t.spec.Now().Sub(o.CreationTimestamp.Time) >= keepTime {
			old = append(old, o)
		}
	}
	if len(old) == 0 {
		return nil
	}
	used, err := t.used(ctx, g.namespace)
	if err != nil {
		return err
	}
	for _, o := range old {
		if used[o.Name] {
			continue
		}
		if err := t.remove(ctx, g.place, o.Name, o.UID, o.ResourceVersion); err != nil {
			return err
		}
	}
	return nil
}

// seqOf orders releases of the same second; nothing else is decided by it.
func seqOf(o metav1.PartialObjectMetadata) int64 {
	seq, err := strconv.ParseInt(o.Annotations[noteSeq], 10, 64)
	if err != nil {
		return 0
	}
	return seq
}

// used are all words in the specs of the Pods and ReplicaSets of a namespace: whatever way an object is mounted or named, its
// name is among them.
func (t *Target) used(ctx context.Context, namespace string) (map[string]bool, error) {
	words := map[string]bool{}
	for _, resource := range []apischema.GroupVersionResource{pods, replicaSets} {
		options := metav1.ListOptions{Limit: 500}
		for {
			limited, cancel := t.limited(ctx)
			list, err := t.objects.Resource(resource).Namespace(namespace).List(limited, options)
			cancel()
			if err != nil {
				return nil, t.fail(ctx, namespace+"/"+resource.Resource, err)
			}
			for _, item := range list.Items {
				collect(item.Object["spec"], words)
			}
			if options.Continue = list.GetContinue(); options.Continue == "" {
				break
			}
		}
	}
	return words, nil
}

// collect gathers every text in a value.
func collect(value any, words map[string]bool) {
	switch v := value.(type) {
	case string:
		words[v] = true
	case []any:
		for _, item := range v {
			collect(item, words)
		}
	case map[string]any:
		for _, item := range v {
			collect(item, words)
		}
	case json.Number, int64, float64, bool, nil:
	}
}
