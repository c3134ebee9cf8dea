package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/hook"
	"github.com/sluice-gitops/sluice/schema"
)

// files looks at everything that the operator's file names on this machine. Private keys of others' reach are refused by the
// reconciler; tokens it takes, with a warning.
func (d *doctorDesk) files() {
	d.secretFile("log_key_file", d.op.LogKeyFile, schema.GuardFail)
	d.secretFile("next_log_key_file", d.op.NextLogKeyFile, schema.GuardFail)
	d.secretFile("bot_key_file", d.op.BotKeyFile, schema.GuardFail)
	d.secretFile("token_file", d.project.TokenFile, schema.GuardWarn)
	d.secretFile("ssh_key_file", d.project.SSHKeyFile, schema.GuardWarn)
	d.publicFile("known_hosts_file", d.project.KnownHostsFile)
	d.certificates("ca_file", d.project.CAFile)
	if g := d.project.GitLab; g != nil {
		if g.TokenFile != d.project.TokenFile {
			d.secretFile("gitlab.token_file", g.TokenFile, schema.GuardWarn)
		}
		d.certificates("gitlab.ca_file", g.CAFile)
	}
	d.targetFiles()
	d.webhook()
	d.witnesses()
	d.stateDir()
}

// targetFiles notes whose files are not well: such a target cannot be asked, and that is no fault of the target's.
func (d *doctorDesk) targetFiles() {
	d.broken = map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(d.project.Targets)) {
		t, field := d.project.Targets[name], "targets."+name+"."
		well := []bool{
			d.secretFile(field+"password_file", t.PasswordFile, schema.GuardWarn),
			d.secretFile(field+"token_file", t.TokenFile, schema.GuardWarn),
			d.publicFile(field+"cert_file", t.CertFile),
			d.secretFile(field+"key_file", t.KeyFile, schema.GuardWarn),
			d.certificates(field+"ca_file", t.CAFile),
			d.secretFile(field+"kubeconfig_file", t.KubeconfigFile, schema.GuardWarn),
		}
		if !slices.Contains(well, false) && t.CertFile != "" && t.KeyFile != "" {
			_, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
			well = append(well, d.fileCheck(field+"cert_file", t.CertFile, err, "put a certificate in PEM and the private key that it is for into cert_file and key_file"))
		}
		d.broken[name] = slices.Contains(well, false)
	}
}

// webhook reads the webhook's secrets as the receiver does, which does not start without.
func (d *doctorDesk) webhook() {
	w := d.op.Webhook
	if w == nil {
		return
	}
	well := d.secretFile("webhook.secret_file", w.SecretFile, schema.GuardWarn)
	for _, path := range w.SigningKeyFiles {
		well = d.secretFile("webhook.signing_key_files", path, schema.GuardWarn) && well
	}
	if _, err := (hook.Files{Secret: w.SecretFile, Signing: w.SigningKeyFiles, RequireSignature: w.RequireSignature}).Read(); err != nil && well {
		d.fileCheck("webhook", "", err, "correct webhook: in the operator's file, or take it out: without webhooks, polling finds the same")
	}
}

func (d *doctorDesk) witnesses() {
	if err := openWitnesses(d.project, &reconciler.Config{}); err != nil {
		d.failed(groupFiles, "witnesses", "", err)
	}
}

// fileCheck says nothing of what is well.
func (d *doctorDesk) fileCheck(field, path string, err error, advice string) bool {
	if err == nil {
		return true
	}
	d.add(groupFiles, field, path, schema.GuardFail, "", "%v", reason(err))
	d.advise("%s", advice)
	return false
}

// secretFile reports whether the file can be used; a warning does not forbid that.
func (d *doctorDesk) secretFile(field, path string, open schema.GuardState) bool {
	if path == "" {
		return true
	}
	info, err := readable(path)
	switch {
	case err != nil:
		return d.fileCheck(field, path, err, "correct "+field+" in the operator's file, or put there what it is to hold")
	case info.Mode().Perm()&0o077 != 0:
		d.add(groupFiles, field, path, open, "key-file-open", "mode %04o", info.Mode().Perm())
	default:
		d.ok(groupFiles, field, path, "mode %04o", info.Mode().Perm())
	}
	return open == schema.GuardWarn || info.Mode().Perm()&0o077 == 0
}

func (d *doctorDesk) publicFile(field, path string) bool {
	if path == "" {
		return true
	}
	if _, err := readable(path); err != nil {
		return d.fileCheck(field, path, err, "correct "+field+" in the operator's file, or put there what it is to hold")
	}
	d.ok(groupFiles, field, path, "it can be read")
	return true
}

func (d *doctorDesk) certificates(field, path string) bool {
	if path == "" {
		return true
	}
	text, err := os.ReadFile(path)
	if err == nil && !x509.NewCertPool().AppendCertsFromPEM(text) {
		err = errors.New("no certificate in it")
	}
	if err != nil {
		return d.fileCheck(field, path, err, "correct "+field+" in the operator's file, or put certificates in PEM there")
	}
	d.ok(groupFiles, field, path, "it holds certificates")
	return true
}

const maxRead = 1 << 20

// readable reports what a file is that can be read and holds something.
func readable(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case info.Size() > maxRead:
		return nil, errors.New("it is too large for that")
	}
	text, err := os.ReadFile(path)
	if err == nil && strings.TrimSpace(string(text)) == "" {
		err = errors.New("it is empty")
	}
	return info, err
}

const adviceStateDir = "state_dir has to name a directory that the reconciler's user may make, or write in"

// stateDir tries what run needs, the making of a directory, at the place nearest to it that there is, and leaves nothing.
func (d *doctorDesk) stateDir() {
	dir := d.op.StateDir
	near, err := nearest(dir)
	if err == nil {
		var probe string
		if probe, err = os.MkdirTemp(near, ".sluice-doctor-"); err == nil {
			err = os.Remove(probe)
		}
	}
	switch {
	case err != nil:
		d.fileCheck("state_dir", dir, fmt.Errorf("nothing can be written there: %w", reason(err)), adviceStateDir)
	case near != filepath.Clean(dir):
		d.ok(groupFiles, "state_dir", dir, "not there yet; sluice run makes it")
	default:
		d.ok(groupFiles, "state_dir", dir, "it can be written")
	}
}

// nearest is the directory itself, or the first above it that there is.
func nearest(dir string) (string, error) {
	for dir = filepath.Clean(cmp.Or(dir, ".")); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case err == nil && info.IsDir():
			return dir, nil
		case err == nil:
			return "", fmt.Errorf("%s is no directory", dir)
		case !errors.Is(err, os.ErrNotExist) || dir == filepath.Dir(dir):
			return "", err
		}
	}
}
