package gitlab

import (
	"context"
	"net/http"
)

// Post sends a POST below /api/v4, as writing back will.
func (c *Client) Post(ctx context.Context, path string) error {
	_, err := c.ask(ctx, request{doing: "post", method: http.MethodPost, path: path})
	return err
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

// MaxAnswer is the size from which on an answer is refused.
const MaxAnswer = maxAnswer
