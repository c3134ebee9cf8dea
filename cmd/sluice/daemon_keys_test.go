package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// TestLogKeysOfTheOperator: the ledger's key, the one that is to replace it, and the robot's are three keys (RULES R23).
func TestLogKeysOfTheOperator(t *testing.T) {
	dir := t.TempDir()
	key := func(name string) string {
		private, _, err := signing.GenerateEd25519()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), private, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	log, next, bot := key("log"), key("next"), key("bot")
	for _, row := range []struct {
		name string
		op   schema.Operator
		want string // in the error; empty: none
	}{
		{"a log key alone", schema.Operator{LogKeyFile: log}, ""},
		{"a log key, the next one and a robot's", schema.Operator{LogKeyFile: log, NextLogKeyFile: next, BotKeyFile: bot}, ""},
		{"no log key", schema.Operator{}, "signing key"},
		{"a next key that is not there", schema.Operator{LogKeyFile: log, NextLogKeyFile: filepath.Join(dir, "none")}, "none"},
		{"the same key twice", schema.Operator{LogKeyFile: log, NextLogKeyFile: log}, "next_log_key_file: it is the key of log_key_file"},
		{"a robot's key that is not there", schema.Operator{LogKeyFile: log, BotKeyFile: filepath.Join(dir, "none")}, "bot_key_file: "},
		{"a robot with the log key", schema.Operator{LogKeyFile: log, BotKeyFile: log}, "bot_key_file: it is the log key"},
		{"a robot with the next log key", schema.Operator{LogKeyFile: log, NextLogKeyFile: next, BotKeyFile: next}, "bot_key_file: it is the log key"},
	} {
		var cfg reconciler.Config
		err := loadLogKeys(row.op, &cfg)
		switch {
		case row.want == "" && (err != nil || cfg.LogKey == nil || cfg.HeadKeys == nil || (cfg.NextLogKey != nil) != (row.op.NextLogKeyFile != "")):
			t.Errorf("%s: %v, %+v", row.name, err, cfg)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || exitCode(err) != exitUsage):
			t.Errorf("%s: got %v, want %q and exit %d", row.name, err, row.want, exitUsage)
		}
	}
}
