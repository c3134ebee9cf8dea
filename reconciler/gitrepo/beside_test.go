package gitrepo_test

import (
	"errors"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

func TestObjectsBesideARepository(t *testing.T) {
	plain, err := gitrepo.Open(t.Context(), t.TempDir()+"/mirror", gitrepo.Remote{URL: "file:///nowhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	here, beside := schema.NewObject(schema.BlobObject, []byte("here")), schema.NewObject(schema.BlobObject, []byte("beside"))
	forged, absent := schema.Hash{1}, schema.Hash{2}
	if err := plain.Write(t.Context(), []schema.Object{here}); err != nil {
		t.Fatal(err)
	}
	asked := map[schema.Hash]bool{}
	repo := plain.Beside(func(id schema.Hash) (schema.ObjectKind, []byte, bool) {
		asked[id] = true
		return schema.BlobObject, []byte("beside"), id == beside.ID || id == forged
	})
	for _, r := range []struct {
		sentence string
		id       schema.Hash
		want     string
		err      error
	}{
		{"what the repository has is not asked for", here.ID, "here", nil},
		{"what it lacks is", beside.ID, "beside", nil},
		{"other bytes than the id names are refused", forged, "", gitrepo.ErrMismatch},
		{"what nobody has is missing", absent, "", gitrepo.ErrMissing},
	} {
		data, err := repo.Blob(t.Context(), r.id)
		if string(data) != r.want || !errors.Is(err, r.err) {
			t.Errorf("%s: got %q, %v, want %q, %v", r.sentence, data, err, r.want, r.err)
		}
	}
	if asked[here.ID] {
		t.Error("it was asked for what the repository has")
	}
	if _, err := plain.Blob(t.Context(), beside.ID); !errors.Is(err, gitrepo.ErrMissing) {
		t.Errorf("the repository itself answers %v, want ErrMissing", err)
	}
}
