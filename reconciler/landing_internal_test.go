package reconciler

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// graph is a history of commits by their parents, first parent first.
type graph map[schema.Hash][]schema.Hash

func id(n byte) schema.Hash { return schema.Hash{n} }

func (g graph) ancestors(of schema.Hash, into map[schema.Hash]bool) map[schema.Hash]bool {
	into[of] = true
	for _, p := range g[of] {
		g.ancestors(p, into)
	}
	return into
}

func (g graph) Commit(_ context.Context, id schema.Hash) (schema.CommitInfo, error) {
	return schema.CommitInfo{Parents: g[id]}, nil
}

func (g graph) IsAncestor(_ context.Context, a, b schema.Hash) (bool, error) {
	return g.ancestors(b, map[schema.Hash]bool{})[a], nil
}

func (g graph) MergeBases(context.Context, schema.Hash, schema.Hash) ([]schema.Hash, error) {
	panic("not asked for positions")
}

func (g graph) FirstParents(_ context.Context, tip, stop schema.Hash, limit int) ([]schema.Hash, bool, error) {
	var chain []schema.Hash
	for at := tip; len(chain) < limit; at = g[at][0] {
		chain = append(chain, at)
		if at == stop {
			return chain, true, nil
		}
		if len(g[at]) == 0 {
			break
		}
	}
	return chain, false, nil
}

func (g graph) Between(context.Context, []schema.Hash, ...schema.Hash) ([]schema.Hash, error) {
	panic("not asked for positions")
}

func TestPositions(t *testing.T) {
	// 1 - 2 - 4 - 5   the ref; 4 merges 3 in; 6 is what a branch that merged 2 in was fast-forwarded to
	g := graph{id(1): nil, id(2): {id(1)}, id(3): {id(1)}, id(4): {id(2), id(3)}, id(5): {id(4)}, id(6): {id(3), id(2)}}
	for _, r := range []struct {
		sentence  string
		base, tip schema.Hash
		want      []schema.Hash
	}{
		{"nothing new", id(5), id(5), []schema.Hash{id(5)}},
		{"step by step", id(1), id(5), []schema.Hash{id(1), id(2), id(4), id(5)}},
		{"a merged branch has no positions of its own", id(2), id(4), []schema.Hash{id(2), id(4)}},
		{"a branch that merged the ref in, then fast-forwarded: one step", id(2), id(6), []schema.Hash{id(2), id(6)}},
	} {
		got, err := positions(t.Context(), g, r.base, r.tip)
		if err != nil || !slices.Equal(got, r.want) {
			t.Errorf("%s: got %v %v, want %v", r.sentence, got, err, r.want)
		}
	}
}

func TestLandedTip(t *testing.T) {
	head, merge, squash := id(1), id(2), id(3)
	for _, r := range []struct {
		sentence string
		mr       schema.MergeRequest
		want     schema.Hash
	}{
		{"a merge commit", schema.MergeRequest{Head: head, MergeSHA: merge}, merge},
		{"a merge commit of a squash", schema.MergeRequest{Head: head, MergeSHA: merge, SquashSHA: squash}, merge},
		{"a squash, fast-forwarded", schema.MergeRequest{Head: head, SquashSHA: squash}, squash},
		{"a fast-forward", schema.MergeRequest{Head: head}, head},
	} {
		if got := landedTip(r.mr); got != r.want {
			t.Errorf("%s: got %s, want %s", r.sentence, got.Short(), r.want.Short())
		}
	}
}

// answers is a forge that relates commits to merge requests, as given.
type answers map[schema.Hash][]schema.MergeRequest

func (a answers) Landings(_ context.Context, commit schema.Hash, _ string) ([]schema.MergeRequest, error) {
	return a[commit], nil
}

func (answers) Opened(context.Context) ([]schema.MergeRequest, error) { return nil, nil }

// onlyHistory answers no question but those about the graph.
type onlyHistory struct {
	Repository
	graph
}

func (o onlyHistory) Commit(ctx context.Context, id schema.Hash) (schema.CommitInfo, error) {
	return o.graph.Commit(ctx, id)
}

func (o onlyHistory) IsAncestor(ctx context.Context, a, b schema.Hash) (bool, error) {
	return o.graph.IsAncestor(ctx, a, b)
}

func (o onlyHistory) MergeBases(ctx context.Context, a, b schema.Hash) ([]schema.Hash, error) {
	return o.graph.MergeBases(ctx, a, b)
}

func (o onlyHistory) FirstParents(ctx context.Context, tip, stop schema.Hash, limit int) ([]schema.Hash, bool, error) {
	return o.graph.FirstParents(ctx, tip, stop, limit)
}

func (o onlyHistory) Between(ctx context.Context, exclude []schema.Hash, include ...schema.Hash) ([]schema.Hash, error) {
	return o.graph.Between(ctx, exclude, include...)
}

func TestLandingAt(t *testing.T) {
	// The ref stood at 1; 2 and 3 came by fast-forward, 4 is a merge commit, 5 was pushed.
	g := graph{id(1): nil, id(2): {id(1)}, id(3): {id(2)}, id(4): {id(3), id(9)}, id(9): {id(3)}, id(5): {id(4)}}
	chain := []schema.Hash{id(1), id(2), id(3), id(4), id(5)}
	fast := schema.MergeRequest{IID: 1, Head: id(3), Versions: []schema.Version{{Head: id(3), Base: id(1)}}}
	older := schema.MergeRequest{IID: 4, Head: id(3), Versions: []schema.Version{{Head: id(3), Base: id(1)}}}
	merged := schema.MergeRequest{IID: 2, Head: id(9), MergeSHA: id(4)}
	elsewhere := schema.MergeRequest{IID: 3, Head: id(8), MergeSHA: id(8)}
	for _, r := range []struct {
		sentence   string
		forge      answers
		chain      []schema.Hash
		at         int
		start, end int
		iid        int64
		several    bool
	}{
		{"the first commit of a fast-forward", answers{id(2): {fast}}, chain, 1, 0, 2, 1, false},
		{"the last commit of a fast-forward", answers{id(3): {fast}}, chain, 2, 0, 2, 1, false},
		{"a fast-forward that began before the chain", answers{id(3): {older}}, chain[1:], 1, 0, 1, 4, false},
		{"a merge commit", answers{id(4): {merged}}, chain, 3, 2, 3, 2, false},
		{"a push that no merge request names", answers{}, chain, 4, 3, 4, 0, false},
		{"a merge request that landed on another ref", answers{id(5): {elsewhere}}, chain, 4, 3, 4, 0, false},
		{"one that landed before this position", answers{id(5): {merged}}, chain, 4, 3, 4, 0, false},
		{"two that claim the same commit", answers{id(3): {fast, older}}, chain, 2, 1, 2, 0, true},
	} {
		p := &pass{Reconciler: &Reconciler{cfg: Config{Repository: onlyHistory{graph: g}, Forge: r.forge}}, landings: map[schema.Hash]landingsAnswer{}}
		l, err := p.landingAt(t.Context(), "refs/heads/main", r.chain, r.at)
		if err != nil {
			t.Fatalf("%s: %v", r.sentence, err)
		}
		iid := int64(0)
		if l.request != nil {
			iid = l.request.IID
		}
		if l.start != r.start || l.end != r.end || iid != r.iid || l.several != r.several {
			t.Errorf("%s: got %d..%d by !%d, several %t, want %d..%d by !%d, several %t", r.sentence, l.start, l.end, iid, l.several, r.start, r.end, r.iid, r.several)
		}
	}
}

func TestVersionAt(t *testing.T) {
	first, second := monday, monday.Add(10*time.Minute)
	mr := schema.MergeRequest{Versions: []schema.Version{{ID: 2, CreatedAt: second}, {ID: 1, CreatedAt: first}}}
	for _, r := range []struct {
		sentence string
		minutes  int
		want     int64
	}{
		{"before anything was there to approve", -1, 0},
		{"in the second of the first push", 0, 0},
		{"on the first version", 5, 1},
		{"in the second of the second push: bound to neither", 10, 0},
		{"on the second version", 11, 2},
	} {
		v, ok := versionAt(mr, first.Add(time.Duration(r.minutes)*time.Minute))
		if v.ID != r.want || ok != (r.want != 0) {
			t.Errorf("%s: got version %d (%t), want %d", r.sentence, v.ID, ok, r.want)
		}
	}
}
