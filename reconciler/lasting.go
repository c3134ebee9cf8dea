package reconciler

import (
	"context"
	"errors"
	"time"
)

// defaultGrace is how long a write that was begun may go on after the process was told to end.
const defaultGrace = 10 * time.Second

// errFollows ends what a leader does when another process may lead.
var errFollows = errors.New("another process may lead now")

// lasting is the context of what is not left half done: it outlives ctx by grace, so that what is being written when the
// process is told to end is written, read back and recorded. Where another process may lead it outlives nothing. (What is cut off
// all the same is found and finished by the next pass; this saves the next process the trouble.)
func lasting(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), errFollows) {
			cancel(context.Cause(ctx))
			return
		}
		late := time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(out, func() { late.Stop() })
	})
	resigned := func() bool { return true }
	if lead, ok := ctx.Value(leadKey{}).(context.Context); ok {
		resigned = context.AfterFunc(lead, func() { cancel(errFollows) })
	}
	return out, func() { unhook(); resigned(); cancel(nil) }
}

// leadKey is where a turn's context keeps that of the lead.
type leadKey struct{}

// whileLeading is the context of a turn that ends when another process may lead. What it began ends then too, also where the process
// was told to end before.
func whileLeading(ctx, lead context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancelCause(context.WithValue(ctx, leadKey{}, lead))
	unhook := context.AfterFunc(lead, func() { cancel(errFollows) })
	return out, func() { unhook(); cancel(nil) }
}
