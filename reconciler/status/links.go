package status

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// at puts an address of ours below the project's.
func at(base, address string) string {
	if !strings.HasPrefix(address, "/") {
		return address
	}
	return base + address
}

// requestOf is a merge request as it stands on a page: a link where it is known where the forge is. Its text is empty if there is none.
func requestOf(v schema.View, iid int64) link {
	return link{Text: mergeRequest(iid), Href: requestLink(v, iid)}
}

// requestLink is the address of a merge request at the forge; empty if there is none, or nobody said where the forge is.
func requestLink(v schema.View, iid int64) string {
	if iid <= 0 || v.Requests == "" {
		return ""
	}
	return webLink(v.Requests + strconv.FormatInt(iid, 10))
}

func codeLink(code any) string {
	return "/errors/" + url.PathEscape(clip(fmt.Sprint(code), longestName))
}

// appLink is the address of an app's page.
func appLink(app schema.App) string {
	if len(app) > longestName {
		return "/apps"
	}
	return "/app/" + escaped(string(app))
}

// longestName is past what a path in Git is called; what is longer gets no page of its own.
const longestName = 1000

// cellLink is the address of an app in a stage.
func cellLink(c schema.Cell) string {
	if len(c.App)+len(c.Stage) > longestName {
		return "/apps"
	}
	return "/cell/" + url.PathEscape(string(c.Stage)) + "/" + escaped(string(c.App))
}

func escaped(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}
