package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// maxConflicts bounds how often a status is sent while another one of the same commit is being written (409).
const maxConflicts = 5

// Status sets a commit's status, if GitLab does not show it in that state already. Text and address can only change with
// the state: GitLab keeps those that came with it. It is put into the commit's own pipeline where there is one, so that no
// pipeline beside it is made, which would count for the merge request.
//
// It sends 1 + N requests where the state is so already, N pages of statuses of that name, and 2 + N to set it.
func (c *Client) Status(ctx context.Context, s schema.CommitStatus) error {
	pipeline, err := c.lastPipeline(ctx, s.Commit)
	if err != nil {
		return c.lostAccess(ctx, err)
	}
	now, err := c.statusNow(ctx, s, pipeline)
	if err != nil || now == s.State {
		return err
	}
	body := map[string]any{"state": s.State, "name": s.Name, "description": s.Description}
	if pipeline != 0 {
		body["pipeline_id"] = pipeline
	} else if s.Ref != "" {
		body["ref"] = strings.TrimPrefix(s.Ref, branchRef(""))
	}
	if s.URL != "" && len(s.URL) <= 255 {
		body["target_url"] = s.URL
	}
	path, err := c.below(ctx, "statuses/%s", s.Commit)
	if err != nil {
		return err
	}
	return c.setStatus(ctx, change{doing: "set the status of commit " + s.Commit.Short(), method: http.MethodPost, path: path, body: body}, s.State)
}

func (c *Client) setStatus(ctx context.Context, w change, state string) error {
	for try := 1; ; try++ {
		err := c.send(ctx, w, nil)
		var e *Error
		switch {
		case !errors.As(err, &e):
			return err
		case isAlready(e, state):
			return nil
		case e.Status != http.StatusConflict, try == maxConflicts:
			return err
		}
		if stop := c.cfg.Pause(ctx, backoff(try)); stop != nil {
			return errors.Join(err, stop)
		}
	}
}

var fromState = regexp.MustCompile(`Cannot transition status via :\w+ from :(\w+)`)

// isAlready says whether GitLab refused because the status is in that state. From any other state it is a refusal.
func isAlready(e *Error, state string) bool {
	found := fromState.FindStringSubmatch(e.Message)
	return e.Status == http.StatusBadRequest && found != nil && found[1] == state
}

// lastPipeline is the pipeline that GitLab shows for a commit; 0 if it has none.
func (c *Client) lastPipeline(ctx context.Context, commit schema.Hash) (int64, error) {
	path, err := c.below(ctx, "repository/commits/%s", commit)
	if err != nil {
		return 0, err
	}
	r := request{doing: "read commit " + commit.Short(), path: path}
	a, err := c.ask(ctx, r)
	if err != nil {
		return 0, err
	}
	var found struct {
		Last *struct {
			ID int64 `json:"id"`
		} `json:"last_pipeline"`
	}
	if err := c.decode(r.doing, a, &found); err != nil || found.Last == nil {
		return 0, err
	}
	return found.Last.ID, nil
}

// statusNow is the state of our newest status of that name; empty if there is none. Statuses of all refs that have the commit
// are listed together, and those of other pipelines are somebody else's.
func (c *Client) statusNow(ctx context.Context, s schema.CommitStatus, pipeline int64) (string, error) {
	path, err := c.below(ctx, "repository/commits/%s/statuses", s.Commit)
	if err != nil {
		return "", err
	}
	r := request{doing: "read the statuses of commit " + s.Commit.Short(), path: path, query: query{Name: s.Name}}
	l, err := c.list(ctx, r, true)
	if err != nil {
		return "", c.lostAccess(ctx, err)
	}
	state, newest := "", int64(0)
	for i, row := range l.rows {
		var have struct {
			ID       int64  `json:"id"`
			Name     string `json:"name"`
			State    string `json:"status"`
			Pipeline int64  `json:"pipeline_id"`
		}
		if err := json.Unmarshal(row, &have); err != nil {
			return "", fmt.Errorf("row %d: %w", i+1, c.incomplete(r.doing, l.pages[0], ErrIncomplete, "it is not a status"))
		}
		if have.Name == s.Name && (pipeline == 0 || have.Pipeline == 0 || have.Pipeline == pipeline) && have.ID > newest {
			state, newest = have.State, have.ID
		}
	}
	return state, nil
}
