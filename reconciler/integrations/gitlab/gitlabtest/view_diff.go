package gitlabtest

import (
	"fmt"
	"strconv"
	"strings"
)

// fileView is a file's diff as the pages show it.
type fileView struct {
	OldPath, NewPath, Kind string
	Added, Removed         int
	Lines                  []lineView
}

type lineView struct {
	Class, Old, New, Sign, Text string
}

const maxLines = 2000 // of one file's diff on a page

func viewFiles(files []fileDiff) []fileView {
	var out []fileView
	for _, f := range files {
		view := fileView{OldPath: f.oldPath, NewPath: f.newPath, Kind: kindOf(f.status)}
		view.addLines(f.patch)
		out = append(out, view)
	}
	return out
}

func kindOf(status byte) string {
	switch status {
	case 'A':
		return "new"
	case 'D':
		return "deleted"
	case 'R':
		return "renamed"
	}
	return "changed"
}

// addLines numbers the lines of a patch by its hunk headers.
func (f *fileView) addLines(patch string) {
	var before, after int
	for line := range strings.Lines(patch) {
		line = strings.TrimSuffix(line, "\n")
		if len(f.Lines) == maxLines {
			f.Lines = append(f.Lines, lineView{Class: "hunk", Text: "The rest is not shown."})
			return
		}
		switch {
		case strings.HasPrefix(line, "@@"):
			if n, _ := fmt.Sscanf(line, "@@ -%d", &before); n == 1 {
				_, rest, _ := strings.Cut(line, " +")
				fmt.Sscanf(rest, "%d", &after)
			}
			f.Lines = append(f.Lines, lineView{Class: "hunk", Text: line})
		case strings.HasPrefix(line, "+"):
			f.Added++
			f.Lines = append(f.Lines, lineView{"added", "", strconv.Itoa(after), "+", line[1:]})
			after++
		case strings.HasPrefix(line, "-"):
			f.Removed++
			f.Lines = append(f.Lines, lineView{"removed", strconv.Itoa(before), "", "−", line[1:]})
			before++
		case strings.HasPrefix(line, `\`):
			f.Lines = append(f.Lines, lineView{Class: "hunk", Text: line})
		default:
			f.Lines = append(f.Lines, lineView{"", strconv.Itoa(before), strconv.Itoa(after), "", strings.TrimPrefix(line, " ")})
			before, after = before+1, after+1
		}
	}
}
