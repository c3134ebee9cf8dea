// Command report runs "go test -json" with its arguments and prints what a reader needs: a line per package, all of
// what failed, and at the end what tests show of themselves (testing.T.Attr) and every test that was skipped and why,
// which plain "go test" does not say. It ends with the exit code of go test.
//
//	go run ./ci/report -timeout 10m ./...
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	test := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	test.Stderr = os.Stderr
	events, err := test.StdoutPipe()
	if err != nil {
		return 2, err
	}
	if err := test.Start(); err != nil {
		return 2, err
	}
	reported := report(events, os.Stdout)
	err = test.Wait()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		return max(ended.ExitCode(), 1), reported
	case err != nil:
		return 2, err
	case reported != nil:
		return 2, reported
	}
	return 0, nil
}
