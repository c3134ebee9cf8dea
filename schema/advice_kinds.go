package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Holds says what an expression answers every change of a kind into a stage; known is false where that depends on the change.
type Holds func(that string, stage StageName, kind Kind) (is, known bool)

// asking is what is known of the changes that a policy is asked about.
type asking struct {
	stage StageName
	kinds []Kind
	now   time.Time
	holds Holds // nil knows of no answer
}

// when are those of the changes that a when is for.
func (a asking) when(spec WhenSpec) asking {
	if len(spec.Kinds) > 0 {
		a.kinds = slices.DeleteFunc(slices.Clone(a.kinds), func(k Kind) bool { return !slices.Contains(spec.Kinds, k) })
	}
	return a
}

// always says that an expression has one answer for all that it is asked about; empty where it may have the other.
func (a asking) always(that string, answer bool) string {
	if a.holds == nil || len(a.kinds) == 0 {
		return ""
	}
	var names []string
	for _, kind := range a.kinds {
		if is, known := a.holds(that, a.stage, kind); !known || is != answer {
			return ""
		}
		if name := string(kind); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return fmt.Sprintf("it is %t of any %s, and of nothing else is this asked", answer, strings.Join(names, " or "))
}
