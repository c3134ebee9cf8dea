package gitrepo

import (
	"errors"
	"fmt"
	"net"
	"os"

	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"golang.org/x/crypto/ssh"
)

func (r *remote) sshAuth() (gitssh.AuthMethod, error) {
	hosts, err := r.knownHosts()
	if err != nil {
		return nil, err
	}
	if r.SSHKeyFile == "" {
		agent, err := gitssh.NewSSHAgentAuth(r.Username)
		if err != nil {
			return nil, fmt.Errorf("no SSH key file is set and there is no SSH agent: %w", ErrUsage)
		}
		agent.HostKeyCallbackHelper = hosts
		return agent, nil
	}
	pem, err := os.ReadFile(r.SSHKeyFile)
	if err != nil {
		return nil, fmt.Errorf("read SSH key: %w: %w", ErrUsage, err)
	}
	signer, err := ssh.ParsePrivateKey(pem)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, fmt.Errorf("SSH key %s has a passphrase: use a key without one, or the SSH agent: %w", r.SSHKeyFile, ErrUsage)
	}
	if err != nil {
		return nil, fmt.Errorf("SSH key %s does not parse: %w", r.SSHKeyFile, ErrUsage)
	}
	return &gitssh.PublicKeys{User: r.Username, Signer: signer, HostKeyCallbackHelper: hosts}, nil
}

// knownHosts accepts the keys in the file alone, and offers the server only the kinds of key the file has for it.
func (r *remote) knownHosts() (gitssh.HostKeyCallbackHelper, error) {
	var files []string
	if r.KnownHostsFile != "" {
		files = []string{r.KnownHostsFile}
	}
	db, err := gitssh.NewKnownHostsDb(files...)
	if err != nil {
		return gitssh.HostKeyCallbackHelper{}, fmt.Errorf("read known hosts: %w: %w", ErrUsage, err)
	}
	port := r.url.Port()
	if port == "" {
		port = "22"
	}
	check := db.HostKeyCallback()
	return gitssh.HostKeyCallbackHelper{
		HostKeyAlgorithms: db.HostKeyAlgorithms(net.JoinHostPort(r.url.Hostname(), port)),
		HostKeyCallback: func(host string, addr net.Addr, key ssh.PublicKey) error {
			if err := check(host, addr, key); err != nil {
				return fmt.Errorf("%w: %s shows %s: %w", ErrHostKey, host, ssh.FingerprintSHA256(key), err)
			}
			return nil
		},
	}, nil
}
