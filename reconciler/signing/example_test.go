package signing_test

import (
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// Ann signs a commit. The trust knows her laptop's key until the end of the month.
func Example() {
	private, public, err := signing.GenerateEd25519()
	if err != nil {
		panic(err)
	}
	ann, err := signing.NewSSHSigner(private)
	if err != nil {
		panic(err)
	}
	raw, err := ann.SignCommit([]byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
		"author Ann <ann@example.com> 1768478400 +0000\ncommitter Ann <ann@example.com> 1768478400 +0000\n\nadd a timeout\n"))
	if err != nil {
		panic(err)
	}

	ring, problems := signing.NewKeyring(schema.Trust{Keys: []schema.Key{{
		Principal: "ann", Path: "keys/ann/laptop.pub", Format: schema.SSHKey, Data: public,
		ValidUntil: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
	}}})
	fmt.Println("bad keys:", len(problems))
	id := schema.ObjectID(schema.CommitObject, raw)
	for _, day := range []int{15, 31} {
		at := signing.Acceptance{At: time.Date(2026, 1, day, 13, 0, 0, 0, time.UTC)}
		verdict := ring.Commit(id, raw, at)
		fmt.Printf("%s: %s (%s)\n", verdict.Principal, verdict.Code, verdict.Detail)
	}
	// Output:
	// bad keys: 0
	// ann: ok ()
	// ann: key-expired (the key counted until 2026-01-31T00:00:00Z)
}
