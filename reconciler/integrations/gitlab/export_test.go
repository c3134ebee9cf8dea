package gitlab

import (
	"context"
	"net/http"

	"github.com/sluice-gitops/sluice/schema"
)

// Post makes a change by POST below /api/v4.
func (c *Client) Post(ctx context.Context, path string) error {
	return c.Send(ctx, http.MethodPost, path, nil, nil, false)
}

// Send makes a change below /api/v4.
func (c *Client) Send(ctx context.Context, method, path string, body, into any, repeatable bool) error {
	return c.send(ctx, change{doing: "write", method: method, path: path, body: body, repeatable: repeatable}, into)
}

// Get sends a GET below /api/v4.
func (c *Client) Get(ctx context.Context, path string) error {
	_, err := c.ask(ctx, request{doing: "get", path: path})
	return err
}

// Message is what an error repeats of an answer.
func Message(contentType string, body []byte, token string) string {
	return message(answer{exchange: exchange{header: http.Header{"Content-Type": {contentType}}, body: body, token: secret(token)}})
}

// ReadPage decodes a page of merge requests as lists do.
func (c *Client) ReadPage(body []byte, header http.Header) ([]schema.MergeRequest, bool, error) {
	r := request{doing: "read a page", query: query{Page: 1}}
	a := answer{exchange: exchange{status: 200, header: header, body: body}}
	rows, err := c.rows(r, a, map[int64]bool{})
	if err != nil {
		return nil, false, err
	}
	l := list{rows: rows, pages: []answer{a}}
	last, err := c.checkPage(r, l, false)
	if err != nil {
		return nil, false, err
	}
	var out []schema.MergeRequest
	for i := range rows {
		m, err := c.row(r, l, i)
		if err != nil {
			return nil, false, err
		}
		out = append(out, m.basic(c.host))
	}
	return out, last, nil
}

// MaxAnswer is the size from which on an answer is refused.
const MaxAnswer = maxAnswer
