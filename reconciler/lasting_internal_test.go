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

func TestWhatIsBeingWrittenEndsWithTheLead(t *testing.T) {
	for _, row := range []struct {
		sentence string
		told     bool // to end, before
	}{
		{"another process may lead", false},
		{"the process was told to end, and while it writes another may lead", true},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			ctx, end := context.WithCancel(context.Background())
			defer end()
			lead, loses := context.WithCancel(context.Background())
			defer loses()
			turn, over := whileLeading(ctx, lead)
			defer over()
			writing, done := lasting(turn, time.Hour)
			defer done()
			if row.told {
				end()
				<-turn.Done()
			}
			if writing.Err() != nil {
				t.Fatalf("it ends with %v while this process leads", writing.Err())
			}
			loses()
			<-writing.Done()
			if err := context.Cause(writing); !errors.Is(err, errFollows) {
				t.Errorf("it ends with %v, want %v", err, errFollows)
			}
		})
	}
}
