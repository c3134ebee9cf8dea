package integrations

import "context"

// Batcher is a target that does many cells in few requests. Each cell is judged and answered for itself, as Read and
// Write would: one that is refused holds none of the others. Once a target is silent the rest is not asked ([Silence]).
type Batcher interface {
	// ReadMany answers in the order of wants.
	ReadMany(ctx context.Context, wants []Release) []Result
	// WriteMany answers in the order of wants. No cell may occur twice.
	WriteMany(ctx context.Context, wants []Release) []Result
}

// Result is what Read or Write would have returned.
type Result struct {
	Observation
	Err error
}

// ReadMany reads many cells of any target, at once where it can.
func ReadMany(ctx context.Context, t Target, wants []Release) []Result {
	if b, ok := t.(Batcher); ok {
		return b.ReadMany(ctx, wants)
	}
	return each(ctx, wants, t.Read)
}

// WriteMany writes many cells of any target, at once where it can.
func WriteMany(ctx context.Context, t Target, wants []Release) []Result {
	if b, ok := t.(Batcher); ok {
		return b.WriteMany(ctx, wants)
	}
	return each(ctx, wants, t.Write)
}

func each(ctx context.Context, wants []Release, do func(context.Context, Release) (Observation, error)) []Result {
	results := make([]Result, len(wants))
	var silence Silence
	for i, want := range wants {
		results[i].Observation, results[i].Err = silence.Ask(func() (Observation, error) { return do(ctx, want) })
	}
	return results
}
