//go:build !unix || solaris || illumos || aix

package agent

import "os"

func lockDir(*os.Root) (*os.File, error) { return nil, nil }
