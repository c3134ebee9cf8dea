package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// headScript puts into a file what the reconciler would deliver as an entry of the ledger for pay in production: head FILE SEQ
// FILES… A file of JSON has values. With ! somebody else signs it. The key to pin is in $LOG_KEYS.
func headScript(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: head FILE SEQ FILES…")
	}
	seq, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	files := map[string]any{}
	for _, name := range args[2:] {
		text := ts.ReadFile(name)
		files[filepath.Base(name)] = text
		var value any
		if json.Unmarshal([]byte(text), &value) == nil {
			files[filepath.Base(name)] = value
		}
	}
	signer := providertest.SourceSigner()
	if neg {
		signer = providertest.NewSigner("somebody")
	}
	place := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(place+".new", signer.Release(seq, files).Head, 0o600))
	ts.Check(os.Rename(place+".new", place))
}
