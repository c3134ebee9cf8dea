package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// publicKey reads the person's key: told, or what git signs with.
func (a *app) publicKey(ctx context.Context, file string) (schema.PublicKey, error) {
	if file == "" {
		file, _ = a.git(ctx, "config", "user.signingkey")
	}
	if file == "" {
		return schema.PublicKey{}, &failure{code: exitUsage, err: errors.New("no signing key: git has no user.signingkey"),
			hint: "git config gpg.format ssh && git config user.signingkey ~/.ssh/id_ed25519.pub, or --key FILE"}
	}
	if line, ok := strings.CutPrefix(file, "key::"); ok || strings.HasPrefix(file, "ssh-") {
		return schema.PublicKey{Format: schema.SSHKey, Data: []byte(line + "\n")}, nil
	}
	format, _ := a.git(ctx, "config", "gpg.format")
	if format != "ssh" && !strings.ContainsAny(file, "/.") {
		return a.openPGPKey(ctx, file)
	}
	if !strings.HasSuffix(file, ".pub") && !strings.HasSuffix(file, ".asc") {
		file += ".pub"
	}
	data, err := os.ReadFile(expandHome(file))
	if err != nil {
		return schema.PublicKey{}, &failure{code: exitUsage, err: fmt.Errorf("read your public key: %w", err), hint: "name it with --key FILE"}
	}
	if strings.HasPrefix(string(data), "-----BEGIN PGP PUBLIC KEY") {
		return schema.PublicKey{Format: schema.OpenPGPKey, Data: data}, nil
	}
	return schema.PublicKey{Format: schema.SSHKey, Data: data}, nil
}

func (a *app) openPGPKey(ctx context.Context, id string) (schema.PublicKey, error) {
	out, err := exec.CommandContext(ctx, a.gpgProgram(ctx), "--armor", "--export", id).Output()
	if err != nil || len(out) == 0 {
		return schema.PublicKey{}, &failure{code: exitUsage, err: fmt.Errorf("gpg does not export key %s", id), hint: "export it to a file and name that with --key"}
	}
	return schema.PublicKey{Format: schema.OpenPGPKey, Data: out}, nil
}

func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// initKeys makes the reconciler's two keys, or takes their public halves. They are never inside the checkout, where they
// could be committed.
func initKeys(f initFlags, root string, o *schema.InitOptions) error {
	logFile, botFile := f.logKey, f.botKey
	if f.keys != "" {
		dir, err := filepath.Abs(f.keys)
		if err != nil {
			return err
		}
		if inside, err := filepath.Rel(root, dir); err == nil && !strings.HasPrefix(inside, "..") {
			return usageError(fmt.Errorf("--keys %s is inside the checkout, where a key can be committed by mistake", f.keys))
		}
		if logFile, botFile, err = makeKeys(dir); err != nil {
			return err
		}
	}
	if logFile == "" || botFile == "" {
		return &failure{code: exitUsage, err: errors.New("the reconciler's keys are not named"), hint: "--keys ../sluice-keys makes them; or give --log-key and --bot-key"}
	}
	logKey, err := os.ReadFile(logFile)
	if err != nil {
		return usageError(fmt.Errorf("read the log key: %w", err))
	}
	botKey, err := os.ReadFile(botFile)
	if err != nil {
		return usageError(fmt.Errorf("read the bot key: %w", err))
	}
	if bytes.Equal(bytes.TrimSpace(logKey), bytes.TrimSpace(botKey)) {
		return usageError(errors.New("log key and bot key are the same; the one that decides must not be the one that commits"))
	}
	o.LogKey = string(logKey)
	o.BotKey = schema.PublicKey{Format: schema.SSHKey, Data: botKey}
	if f.keys == "" {
		return nil
	}
	return proveBot(strings.TrimSuffix(botFile, ".pub"), o)
}

// proveBot shows that the robot's key is held by whoever starts the project; its private half was just made.
func proveBot(private string, o *schema.InitOptions) error {
	with, err := signing.LoadSSHSigner(private)
	if err != nil {
		return err
	}
	o.BotKey.Proof, err = signing.ProveKey(with, o.ProjectID, 1, schema.Key{Principal: schema.BotID, Path: private, Format: schema.SSHKey, Data: o.BotKey.Data})
	return err
}

func makeKeys(dir string) (logFile, botFile string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", fmt.Errorf("make keys: %w", err)
	}
	for _, name := range []string{"log", "bot"} {
		private, public, err := signing.GenerateEd25519()
		if err != nil {
			return "", "", err
		}
		if err := writeKey(filepath.Join(dir, name), private, 0o600); err != nil {
			return "", "", err
		}
		if err := writeKey(filepath.Join(dir, name+".pub"), public, 0o644); err != nil {
			return "", "", err
		}
	}
	return filepath.Join(dir, "log.pub"), filepath.Join(dir, "bot.pub"), nil
}

func writeKey(name string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return usageError(fmt.Errorf("%s is there already; use it with --log-key and --bot-key, or choose another directory", name))
	}
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// unmakeKeys removes the keys of a project that was not made, so that init can be run again.
func (f initFlags) unmakeKeys() error {
	if f.keys == "" {
		return nil
	}
	var errs []error
	for _, name := range []string{"log", "log.pub", "bot", "bot.pub"} {
		errs = append(errs, os.Remove(filepath.Join(f.keys, name)))
	}
	return errors.Join(errs...)
}
