package main

import (
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// loadLogKeys reads the key that signs the ledger and, while it is being replaced, the one that is to.
func loadLogKeys(op schema.Operator, cfg *reconciler.Config) error {
	key, err := signing.LoadLogKey(op.LogKeyFile)
	if err != nil {
		return &failure{code: exitUsage, err: err, hint: "the log key is the private key that signs the ledger, as sluice init --keys makes it; only its owner may read it"}
	}
	cfg.LogKey = key
	signers := []integrations.HeadSigner{headSigner(key)}
	if op.NextLogKeyFile != "" {
		next, err := signing.LoadLogKey(op.NextLogKeyFile)
		if err == nil && next.ID() == key.ID() {
			err = fmt.Errorf("next_log_key_file: it is the key of log_key_file")
		}
		if err != nil {
			return &failure{code: exitUsage, err: err, hint: "next_log_key_file is the log key that is to replace the one in log_key_file; leave it out when none is to"}
		}
		cfg.NextLogKey = next
		signers = append(signers, headSigner(next))
	}
	cfg.HeadKeys = integrations.NewLogKeys(signers...)
	return loadBotKey(op, signers, cfg)
}

// loadBotKey reads the key that signs promotions, and keeps it apart from what the ledger rests on (RULES R23).
func loadBotKey(op schema.Operator, log []integrations.HeadSigner, cfg *reconciler.Config) error {
	if op.BotKeyFile == "" {
		return nil
	}
	bot, err := signing.LoadSSHSigner(op.BotKeyFile)
	if err != nil {
		// A key that cannot be read cannot be told apart from the log key either.
		return &failure{code: exitUsage, err: fmt.Errorf("bot_key_file: %w", err), hint: "bot_key_file is the private key that signs commits on promotion branches; leave it out when nothing signs them"}
	}
	for _, s := range log {
		if s.ID == bot.Fingerprint() {
			return &failure{code: exitUsage, err: fmt.Errorf("bot_key_file: it is the log key"), hint: "the bot and the ledger never share a key: sluice init --keys makes one for each"}
		}
	}
	cfg.BotKey = bot
	return nil
}

func headSigner(key *signing.LogKey) integrations.HeadSigner {
	return integrations.HeadSigner{ID: key.ID(), Key: key.PublicKey(), Sign: key.SignHead}
}
