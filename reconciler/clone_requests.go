package reconciler

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// RequestTag is one signer's copy of a signed request, as its tag has it. Whether the signature counts was not asked.
type RequestTag struct {
	Name      string      // without refs/tags/
	Principal string      // as the name claims
	On        schema.Hash // what the tag is on
	Raw       []byte
	Request   schema.Request
}

// ReadRequests reads the tags among refs that carry requests, as a pass reads them; the errors are of tags that carry none.
func ReadRequests(ctx context.Context, objs ledger.Objects, refs map[string]schema.Hash) ([]RequestTag, []error) {
	var out []RequestTag
	var refused []error
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		if !strings.HasPrefix(ref, requestTags) {
			continue
		}
		tag, raw, err := readTag(ctx, objs, ref, refs[ref])
		if err != nil {
			refused = append(refused, fmt.Errorf("request %s: %w", ref, err))
			continue
		}
		r, err := requestOf(tag, raw)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		out = append(out, RequestTag{Name: tag.Name, Principal: r.principal, On: tag.Object, Raw: raw, Request: r.request})
	}
	return out, refused
}
