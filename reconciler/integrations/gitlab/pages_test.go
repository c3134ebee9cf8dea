package gitlab_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
)

// page is a page of merge requests, numbered from first, with the headers of GitLab.
func page(number, next, first, rows, total int) stubbed {
	var list []string
	for i := range rows {
		list = append(list, newMR(first+i, stubMR{"state": "opened", "merge_commit_sha": nil}).json())
	}
	headers := []string{"X-Page", fmt.Sprint(number), "X-Next-Page", ""}
	if next != 0 {
		headers[3] = fmt.Sprint(next)
	}
	if total >= 0 {
		headers = append(headers, "X-Total", fmt.Sprint(total))
	}
	return text(200, "["+strings.Join(list, ",")+"]", headers...)
}

func TestLists(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answers []stubbed
		want    int // rows; -1 is ErrIncomplete
	}{
		{"nothing", []stubbed{page(1, 0, 1, 0, 0)}, 0},
		{"two pages", []stubbed{page(1, 2, 1, 100, 150), page(2, 0, 101, 50, 150)}, 150},
		{"pages without totals, as above 10,000 rows", []stubbed{page(1, 2, 1, 100, -1), page(2, 0, 101, 7, -1)}, 107},
		{"pages that GitLab made smaller than asked", []stubbed{page(1, 2, 1, 20, 30), page(2, 0, 21, 10, 30)}, 30},
		{"few rows without headers", []stubbed{text(200, "["+newMR(1, stubMR{"state": "opened"}).json()+"]")}, 1},
		{"a list that stops short of its total", []stubbed{page(1, 0, 1, 20, 25)}, -1},
		{"a list with more rows than its total", []stubbed{page(1, 0, 1, 20, 19)}, -1},
		{"a total that is no number", []stubbed{text(200, "[]", "X-Next-Page", "", "X-Total", "many")}, -1},
		{"a next page that is this one", []stubbed{page(1, 1, 1, 100, 200)}, -1},
		{"a next page that was read", []stubbed{page(1, 2, 1, 100, -1), page(2, 1, 101, 50, -1), page(3, 0, 201, 1, -1)}, -1},
		{"a next page that leaves one out", []stubbed{page(1, 3, 1, 100, -1), page(2, 0, 101, 5, -1)}, -1},
		{"the first page again", []stubbed{page(1, 2, 1, 100, 200), page(1, 0, 1, 100, 200)}, -1},
		{"another page than asked for", []stubbed{page(1, 2, 1, 100, 200), page(3, 0, 201, 100, 200)}, -1},
		{"the same rows as another page", []stubbed{page(1, 2, 1, 100, 200), page(2, 0, 1, 100, 200)}, -1},
		{"an empty page that goes on for ever", []stubbed{page(1, 2, 1, 0, 0)}, -1},
		{"many rows, and nothing says whether more follow", []stubbed{text(200, rowsWithoutHeaders(20))}, -1},
		{"an error midway", []stubbed{page(1, 2, 1, 100, 200), text(200, "<html>", "Content-Type", "text/html")}, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStub(t)
			s.on("/projects/42/merge_requests", tc.answers...)
			c, _ := s.client(nil)
			got, err := c.Opened(context.Background())
			if tc.want < 0 && (!errors.Is(err, gitlab.ErrIncomplete) || got != nil) {
				t.Fatalf("got %d rows, %v; want ErrIncomplete and none", len(got), err)
			}
			if tc.want >= 0 && (err != nil || len(got) != tc.want || got == nil) {
				t.Fatalf("got %d rows, %v; want %d", len(got), err, tc.want)
			}
		})
	}
}

func rowsWithoutHeaders(n int) string {
	var list []string
	for i := range n {
		list = append(list, newMR(i+1, nil).json())
	}
	return "[" + strings.Join(list, ",") + "]"
}

// TestAListThatChangesIsReadAgain: a merge request that is closed between two pages moves the rows behind it up.
func TestAListThatChangesIsReadAgain(t *testing.T) {
	s := newStub(t)
	s.on("/projects/42/merge_requests",
		page(1, 2, 1, 100, 150), page(2, 0, 102, 49, 149), // 101 was left out
		page(1, 2, 1, 100, 149), page(2, 0, 101, 49, 149))
	c, w := s.client(nil)
	got, err := c.Opened(context.Background())
	if err != nil || len(got) != 149 || len(w.all()) != 1 {
		t.Errorf("got %d rows, %v, after %d pauses; want 149 after one", len(got), err, len(w.all()))
	}
}

func TestAListThatNeverHoldsStill(t *testing.T) {
	s := newStub(t)
	total := 0
	s.on("/projects/42/merge_requests", func(w http.ResponseWriter, r *http.Request) {
		total++
		page(1, 0, 1, 1, 1+total)(w, r)
	})
	c, _ := s.client(nil)
	if got, err := c.Opened(context.Background()); !errors.Is(err, gitlab.ErrIncomplete) || got != nil || total != 3 {
		t.Errorf("got %d rows, %v after %d readings; want ErrIncomplete after 3", len(got), err, total)
	}
}

// FuzzReadPage: whatever comes is either refused as incomplete or makes merge requests that name themselves.
func FuzzReadPage(f *testing.F) {
	f.Add([]byte("["+newMR(7, nil).json()+"]"), "", "1", true)
	f.Add([]byte(`[{"id":1,"iid":1,"state":"opened","target_branch":"main","author":null,"sha":null,"merged_at":null}]`), "2", "", true)
	f.Add([]byte(`[null]`), "x", "-1", false)
	cfg := gitlab.Config{URL: "https://gitlab.example.com", Project: "42", TokenFile: filepath.Join(f.TempDir(), "token")}
	if err := os.WriteFile(cfg.TokenFile, []byte(canary), 0o600); err != nil {
		f.Fatal(err)
	}
	c, err := gitlab.New(cfg)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, next, total string, headers bool) {
		h := http.Header{}
		if headers {
			h["X-Next-Page"], h["X-Total"] = []string{next}, []string{total}
		}
		got, last, err := c.ReadPage(body, h)
		if err != nil && !errors.Is(err, gitlab.ErrIncomplete) {
			t.Fatalf("got %v, want ErrIncomplete", err)
		}
		if last && headers && total != "" && total != "+"+fmt.Sprint(len(got)) && strings.TrimLeft(total, "+0") != strings.TrimLeft(fmt.Sprint(len(got)), "0") {
			t.Errorf("%d rows of %s taken for all", len(got), total)
		}
		for _, mr := range got {
			if mr.IID <= 0 || mr.State == "" || mr.TargetRef == "refs/heads/" {
				t.Errorf("got %+v: want its number, state and target", mr)
			}
		}
	})
}

// TestPagesAreAskedFor: all of them with the largest size, whatever the library can ask for.
func TestPagesAreAskedFor(t *testing.T) {
	s := newStub(t)
	var queries []string
	s.on("/projects/42/repository/commits/"+headB+"/merge_requests", func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.RawQuery)
		if len(queries) == 1 {
			page(1, 2, 1, 100, 101)(w, r)
			return
		}
		text(200, "["+newMR(101, nil).json()+"]", "X-Page", "2", "X-Next-Page", "", "X-Total", "101")(w, r)
	})
	mr := newMR(101, nil)
	s.on("/projects/42/merge_requests/101", text(200, mr.json()))
	s.on("/projects/42/merge_requests/101/versions", one(`[]`))
	s.on("/projects/42/merge_requests/101/approvals", text(200, `{"approved_by":[]}`))
	s.on("/users/7", text(200, `{"id":7,"username":"ann","state":"active"}`))
	c, _ := s.client(nil)
	got, err := landingsOf(t, c)
	if err != nil || len(got) != 1 || got[0].IID != 101 {
		t.Fatalf("got %v, %v; want !101, which is on the second page", got, err)
	}
	if len(queries) != 2 || queries[0] != "page=1&per_page=100" || queries[1] != "page=2&per_page=100" {
		t.Errorf("got queries %q", queries)
	}
}
