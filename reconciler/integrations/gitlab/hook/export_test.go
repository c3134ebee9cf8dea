package hook

import (
	"crypto/sha256"
	"reflect"
	"time"
)

// Remember makes a bounded store of events.
func Remember(most int) func(id string, now time.Time) bool {
	s := newSeen(most)
	return func(id string, now time.Time) bool { return s.again(sha256.Sum256([]byte(id)), now) }
}

// ReadOfAnEvent lists what is decoded of a payload.
func ReadOfAnEvent() []string { return fieldsOf("", reflect.TypeFor[event]()) }

func fieldsOf(prefix string, t reflect.Type) []string {
	var out []string
	for f := range t.Fields() {
		if f.Type.Kind() == reflect.Struct {
			out = append(out, fieldsOf(prefix+f.Name+".", f.Type)...)
			continue
		}
		out = append(out, prefix+f.Name+" "+f.Type.String())
	}
	return out
}
