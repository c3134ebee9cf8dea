package hook

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
)

// event is all that is read of a payload, whose other fields change their types between versions and events. There is no
// address in it, and nothing that anything is decided by: its project is the one that is looked at.
type event struct {
	Kind      string `json:"object_kind"`
	ProjectID int64  `json:"project_id"` // of a push
	Project   struct {
		ID   int64  `json:"id"`
		Path string `json:"path_with_namespace"`
	} `json:"project"`
	Ref string `json:"ref"` // of a push
}

// kinds are the events after which there may be something to find: commits, requests by tag, approvals and merges, pipelines.
var kinds = []string{"push", "tag_push", "merge_request", "pipeline"}

// parse reads an event, which names no more than one project: those of a group about its members name none.
func parse(body []byte) (event, bool) {
	var e event
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) || json.Unmarshal(body, &e) != nil {
		return e, false
	}
	if e.Project.ID == 0 {
		e.Project.ID = e.ProjectID
	}
	return e, (e.ProjectID == 0 || e.ProjectID == e.Project.ID || !e.matters())
}

func (e event) matters() bool { return slices.Contains(kinds, e.Kind) }

// identity is what an event is known by when it comes again. Where a signature was checked it is the id that was signed:
// others could be changed on the way.
func identity(h http.Header, body []byte, signed bool) [sha256.Size]byte {
	names := []string{"Idempotency-Key", "X-Gitlab-Event-UUID"}
	if signed {
		names = []string{headerID}
	}
	for _, name := range names {
		if id := h.Get(name); id != "" {
			return sha256.Sum256([]byte(name + "\x00" + id))
		}
	}
	return sha256.Sum256(append([]byte("body\x00"+h.Get("X-Gitlab-Event")+"\x00"), body...))
}
