package reconciler

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestWhatIsBeingWrittenOutlivesTheEnd(t *testing.T) {
	rows := []struct {
		sentence string
		grace    time.Duration
		cause    error
		ends     bool
	}{
		{"the process was told to end", time.Hour, errors.New("terminated"), false},
		{"and its grace is over", time.Nanosecond, errors.New("terminated"), true},
		{"another process may lead", time.Hour, errFollows, true},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			ctx, end := context.WithCancelCause(context.Background())
			writing, done := lasting(ctx, row.grace)
			end(row.cause)
			if row.ends {
				<-writing.Done()
			} else if writing.Err() != nil {
				t.Errorf("it ends with %v", writing.Err())
			}
			done()
			if <-writing.Done(); writing.Err() == nil {
				t.Error("it goes on after what it was for")
			}
		})
	}
}
