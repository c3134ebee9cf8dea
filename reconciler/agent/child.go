package agent

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Child is a program that runs as long as the agent does; its end is the agent's.
type Child struct {
	Argv     []string
	Env      Environment
	OnChange OnChange
	Stop     os.Signal     // asks it to end; by default TERM, or what told the agent to end
	Grace    time.Duration // until it is killed; 10 s by default
}

// stop is what asks it to end where told, which may be nil, told the agent.
func (c *Child) stop(told os.Signal) os.Signal {
	switch {
	case c.Stop != nil:
		return c.Stop
	case told != nil:
		return told
	}
	term, _ := ParseSignal("TERM") // known everywhere
	return term
}

// OnChange says what a child gets when its configuration has changed: a signal, or with none a new process. Leave tells it
// nothing: it watches its files itself.
type OnChange struct {
	Signal os.Signal
	Leave  bool
}

// process is one run of a child.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has
	code  int           // that it ended with; after ended
}

// launch starts a program. The goroutine that starts it keeps its thread until it has ended, because Linux ends the child
// with the thread that started it, not with the process.
func launch(argv, env []string, in io.Reader, out, errs io.Writer) (*process, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = env, in, out, errs
	p.cmd.WaitDelay = time.Second // for streams that are no files
	apart(p.cmd)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = p.cmd.Wait() // the state says how
		p.code = exitCode(p.cmd.ProcessState)
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	return p, nil
}

// signal hands a signal on. A process that has ended meanwhile needs none.
func (p *process) signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.cmd.Path, err)
	}
	return nil
}

// PidSignal is a signal for a program that wrote its process id into a file.
type PidSignal struct {
	Signal os.Signal
	File   string
}

func (s PidSignal) send() error {
	text, err := os.ReadFile(s.File)
	if err != nil {
		return fmt.Errorf("read the process id: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 2 {
		return fmt.Errorf("%s: no process id", s.File)
	}
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Signal(s.Signal)
	}
	if err != nil {
		return fmt.Errorf("signal process %d of %s: %w", pid, s.File, err)
	}
	return nil
}
