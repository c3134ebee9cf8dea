package status

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/sluice-gitops/sluice/schema"
)

// rowsPerPage keeps a page of ten thousand apps readable, and quick to make and to lay out.
const rowsPerPage = 200

// query is what the address of the matrix may ask for. It has few values, so that pages can be kept by it.
type query struct {
	state schema.CellState // only apps with a cell in this state; empty for all
	page  int              // from 1
	still bool             // does not load itself again
}

// readQuery takes what it understands and ignores the rest.
func readQuery(values url.Values, apps int) query {
	q := query{page: 1, still: values.Has("still")}
	if s := schema.CellState(values.Get("state")); slices.Contains(states(), s) {
		q.state = s
	}
	if n, err := strconv.Atoi(values.Get("page")); err == nil && n > 1 {
		q.page = min(n, max(1, (apps+rowsPerPage-1)/rowsPerPage))
	}
	return q
}

func (q query) key() string { return fmt.Sprint(q.state, q.page, q.still) }

// link is the address of the matrix with this query.
func (q query) link() string {
	values := url.Values{}
	if q.state != "" {
		values.Set("state", string(q.state))
	}
	if q.page > 1 {
		values.Set("page", strconv.Itoa(q.page))
	}
	if q.still {
		values.Set("still", "")
	}
	if len(values) == 0 {
		return "/"
	}
	return "/?" + values.Encode()
}
