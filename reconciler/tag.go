package reconciler

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

const tagRefs = "refs/tags/"

// readTag reads the annotated tag at a ref. The tag has to name itself as the ref does, so that nobody shows one person's
// tag at another place, and what it points to has to be here and of the kind that it says. Ids are recomputed by the
// store, with collision detection.
func readTag(ctx context.Context, objs ledger.Objects, ref string, id schema.Hash) (signing.Tag, []byte, error) {
	kind, raw, err := objs.Object(ctx, id)
	if err != nil {
		return signing.Tag{}, nil, err
	}
	if kind != schema.TagObject {
		return signing.Tag{}, nil, fmt.Errorf("is a %s, want an annotated tag", kind)
	}
	tag, err := signing.ParseTag(raw)
	if err != nil {
		return signing.Tag{}, nil, fmt.Errorf("%w [%s]", err, signing.CodeMalformedObject)
	}
	if name, ok := strings.CutPrefix(ref, tagRefs); !ok || name != tag.Name {
		return signing.Tag{}, nil, fmt.Errorf("the tag calls itself %q [%s]", tag.Name, signing.CodeMalformedObject)
	}
	at, _, err := objs.Object(ctx, tag.Object)
	if err != nil {
		return signing.Tag{}, nil, fmt.Errorf("read what the tag is on: %w", err)
	}
	if at != tag.Type {
		return signing.Tag{}, nil, fmt.Errorf("the tag is on a %s and says %s [%s]", at, tag.Type, signing.CodeMalformedObject)
	}
	return tag, raw, nil
}
