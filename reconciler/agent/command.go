package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Command is a program that the agent runs and waits for. It gets no shell unless its arguments name one.
type Command struct {
	Argv    []string      // "{dir}" in an argument stands for the directory with the files
	Timeout time.Duration // 30 s by default; then it is killed with all that it started, and has failed
}

// ParseCommand takes a line apart at blanks; what stands in single or double quotes is one argument. Nothing else is
// special: there are no variables, no pipes and no patterns. With shell the line is handed to sh -c as it is; a directory's
// name could mean something to it, so there {dir} is refused.
func ParseCommand(line string, shell bool) (Command, error) {
	if shell && strings.Contains(line, "{dir}") {
		return Command{}, errors.New(`{dir} is not replaced for a shell: write "$SLUICE_DIR"`)
	}
	if shell && strings.TrimSpace(line) != "" {
		return Command{Argv: []string{"sh", "-c", line}}, nil
	}
	argv, err := words(line)
	if err == nil && len(argv) == 0 {
		err = errors.New("no command")
	}
	return Command{Argv: argv}, err
}

func words(line string) ([]string, error) {
	var out []string
	var word strings.Builder
	quote, begun := rune(0), false
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, begun = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if begun {
				out = append(out, word.String())
				word.Reset()
				begun = false
			}
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("%s: the quote %c does not end", line, quote)
	}
	if begun {
		out = append(out, word.String())
	}
	return out, nil
}

// run runs the command to its end. What it prints goes to where the agent's own errors go, not into the log: it may quote
// the configuration.
func (c Command) run(ctx context.Context, dir string, env []string, output io.Writer) error {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	argv := slices.Clone(c.Argv)
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "{dir}", dir)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, output, output
	cmd.WaitDelay = time.Second
	apart(cmd)
	cmd.Cancel = func() error { return killAll(cmd.Process) }
	if err := cmd.Run(); err != nil {
		if ctx.Err() == context.DeadlineExceeded {
			err = fmt.Errorf("not done after %s", timeout)
		}
		return fmt.Errorf("%s: %w", argv[0], err)
	}
	return nil
}
