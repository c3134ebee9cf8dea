package schema_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func TestTheNextVersionFollowsAndSharesNothing(t *testing.T) {
	load := func(t *testing.T) schema.Trust {
		t.Helper()
		loaded, found := schema.LoadTrust(trust().Files())
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		return loaded
	}
	old, untouched := load(t), load(t)
	at := old.Root.CreatedAt.Add(36*time.Hour + time.Millisecond)
	next := old.Next(at)
	loaded, found := schema.LoadTrust(next.Files())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	if loaded.Root.Version != 3 || loaded.Root.Prev != old.RootDigest || !loaded.Root.CreatedAt.Equal(at.Truncate(time.Second)) || loaded.Root.Project != old.Root.Project {
		t.Errorf("got %+v", loaded.Root)
	}
	if !reflect.DeepEqual(loaded.Principals, old.Principals) || !reflect.DeepEqual(loaded.Keys, old.Keys) || !reflect.DeepEqual(loaded.ForgeKeys, old.ForgeKeys) {
		t.Error("people or keys are not those of the version before")
	}
	next.Root.Roots[0], next.Root.LogKeys[0] = "eve", "eve"
	next.Principals[0].Roles[0].Name, next.Principals[0].Forge[0].UserID, next.Principals[0].Emails[0] = "x", 1, "x"
	next.Keys[1].Usages[0], next.Keys[1].Revoked.Reason = "x", "x"
	next.Keys[0].Principal, next.ForgeKeys[0].Path = "eve", "x"
	if !reflect.DeepEqual(old, untouched) {
		t.Errorf("a change of the next version changed this one: %+v", old)
	}
}
