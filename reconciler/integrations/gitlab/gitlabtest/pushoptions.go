package gitlabtest

import (
	"strconv"
	"strings"
)

// pushOptions reads the options of a receive-pack request: pkt-lines between
// the flush that ends the commands and the next one.
func pushOptions(body []byte) []string {
	commands, rest := packetLines(body)
	if len(commands) == 0 || !strings.Contains(commands[0], "push-options") {
		return nil
	}
	options, _ := packetLines(rest)
	return options
}

// packetLines reads pkt-lines up to a flush and returns what follows it.
func packetLines(body []byte) (lines []string, rest []byte) {
	for len(body) >= 4 {
		n, err := strconv.ParseUint(string(body[:4]), 16, 16)
		switch {
		case err != nil || int(n) > len(body):
			return nil, nil
		case n == 0:
			return lines, body[4:]
		case n < 4:
			return nil, nil
		}
		lines = append(lines, strings.TrimSuffix(string(body[4:n]), "\n"))
		body = body[n:]
	}
	return nil, nil
}

// openByPush opens or updates the merge request that the options of a push ask
// for: merge_request.create, .target, .title, .description, .label, .draft,
// .remove_source_branch. Callers hold mu.
func (s *Server) openByPush(p *project, user *User, branch string, options []string) error {
	wanted, in := false, NewMergeRequest{SourceBranch: branch, Title: p.repo.subject(branch)}
	draft := false
	for _, o := range options {
		key, value, _ := strings.Cut(o, "=")
		switch strings.TrimPrefix(key, "merge_request.") {
		case "create":
			wanted = true
		case "target":
			in.TargetBranch = value
		case "title":
			in.Title = value
		case "description":
			in.Description = strings.ReplaceAll(value, `\n`, "\n")
		case "label":
			in.Labels = append(in.Labels, value)
		case "draft":
			draft = true
		case "remove_source_branch":
			in.RemoveSource = true
		}
	}
	if !wanted || branch == p.DefaultBranch || branch == in.TargetBranch {
		return nil
	}
	if draft && !strings.HasPrefix(in.Title, "Draft: ") {
		in.Title = "Draft: " + in.Title
	}
	for _, mr := range p.mrs {
		if mr.State == "opened" && mr.SourceBranch == branch && (in.TargetBranch == "" || mr.TargetBranch == in.TargetBranch) {
			return s.update(p, mr, user, changes{title: &in.Title, addLabels: in.Labels})
		}
	}
	_, err := s.open(p, user, in)
	return err
}
