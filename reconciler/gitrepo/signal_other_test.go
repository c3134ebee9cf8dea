//go:build !unix

package gitrepo_test

func ignoreFileSizeSignal() {}
