package gitrepo_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
)

// sshHost is an SSH server that accepts one key and runs git's own server programs, and nothing else.
type sshHost struct {
	addr       string
	keyFile    string // of the client
	knownHosts string
}

func newKey(t *testing.T) (ssh.Signer, []byte) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

func newSSHHost(t *testing.T) sshHost {
	t.Helper()
	hostKey, _ := newKey(t)
	client, clientPEM := newKey(t)
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(client.PublicKey().Marshal()) {
			return nil, errors.New("not this key")
		}
		return nil, nil
	}}
	config.AddHostKey(hostKey)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveSSH(conn, config)
		}
	}()
	addr := listener.Addr().String()
	dir := t.TempDir()
	return sshHost{
		addr:       addr,
		keyFile:    write(t, filepath.Join(dir, "key"), string(clientPEM)),
		knownHosts: write(t, filepath.Join(dir, "known_hosts"), knownhosts.Line([]string{addr}, hostKey.PublicKey())+"\n"),
	}
}

func serveSSH(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		go serveSession(channel, requests)
	}
}

func serveSession(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for r := range requests {
		if r.Type != "exec" {
			_ = r.Reply(false, nil)
			continue
		}
		_ = r.Reply(true, nil)
		command := string(r.Payload[4:])
		program, path, _ := strings.Cut(command, " ")
		if program != "git-upload-pack" && program != "git-receive-pack" {
			return
		}
		cmd := exec.Command("git", strings.TrimPrefix(program, "git-"), strings.Trim(path, "'"))
		cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
		stdin, err := cmd.StdinPipe() // not cmd.Stdin: Run would wait for the client to close it
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(stdin, channel)
			_ = stdin.Close()
		}()
		status := struct{ Code uint32 }{0}
		if cmd.Run() != nil {
			status.Code = 128
		}
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(status))
		return
	}
}

func TestSSHFetchesAndPushes(t *testing.T) {
	work, bare := published(t)
	host := newSSHHost(t)
	remote := gitrepo.Remote{URL: "ssh://git@" + host.addr + bare.dir, SSHKeyFile: host.keyFile, KnownHostsFile: host.knownHosts, Timeout: 20 * time.Second}
	r := mirror(t, remote)
	if got := fetch(t, r); got.Refs["refs/heads/main"] != work.id("main") {
		t.Fatalf("got %v", got.Refs)
	}
	next := work.commit("second", map[string]string{"a": "2"})
	work.push("main")
	if got := fetch(t, r); got.Refs["refs/heads/main"] != next {
		t.Errorf("second fetch: got %v", got.Refs)
	}
	objs, id := commitObjects(t, "entry", nil)
	if err := r.Push(t.Context(), ledgerRef, [20]byte{}, id, objs); err != nil {
		t.Fatal(err)
	}
	objs, other := commitObjects(t, "other", nil)
	if err := r.Push(t.Context(), ledgerRef, [20]byte{}, other, objs); !errors.Is(err, gitrepo.ErrMoved) {
		t.Errorf("got %v, want ErrMoved", err)
	}
	if bare.id(ledgerRef) != id {
		t.Error("the push did not arrive")
	}
}

func TestSSHRefusals(t *testing.T) {
	_, bare := published(t)
	host := newSSHHost(t)
	stranger, strangerPEM := newKey(t)
	dir := t.TempDir()
	url := "ssh://git@" + host.addr + bare.dir
	rows := []struct {
		name   string
		remote gitrepo.Remote
		want   error
	}{
		{"key that the server does not know", gitrepo.Remote{URL: url, KnownHostsFile: host.knownHosts, SSHKeyFile: write(t, filepath.Join(dir, "k"), string(strangerPEM))}, gitrepo.ErrUnauthorized},
		{"server whose key is another", gitrepo.Remote{URL: url, SSHKeyFile: host.keyFile, KnownHostsFile: write(t, filepath.Join(dir, "h"), knownhosts.Line([]string{host.addr}, stranger.PublicKey()))}, gitrepo.ErrHostKey},
		{"server that is not in the file", gitrepo.Remote{URL: url, SSHKeyFile: host.keyFile, KnownHostsFile: write(t, filepath.Join(dir, "e"), "")}, gitrepo.ErrHostKey},
		{"no file of host keys", gitrepo.Remote{URL: url, SSHKeyFile: host.keyFile, KnownHostsFile: filepath.Join(dir, "none")}, gitrepo.ErrUsage},
		{"no key file", gitrepo.Remote{URL: url, SSHKeyFile: filepath.Join(dir, "none"), KnownHostsFile: host.knownHosts}, gitrepo.ErrUsage},
		{"key file with something else", gitrepo.Remote{URL: url, SSHKeyFile: host.knownHosts, KnownHostsFile: host.knownHosts}, gitrepo.ErrUsage},
		{"no such repository", gitrepo.Remote{URL: url + "-gone", SSHKeyFile: host.keyFile, KnownHostsFile: host.knownHosts}, gitrepo.ErrNotFound},
	}
	for _, row := range rows {
		_, err := mirror(t, row.remote).Fetch(t.Context())
		if !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
}

func TestSSHServerThatNeverGreetsTimesOut(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	host := newSSHHost(t)
	r := mirror(t, gitrepo.Remote{URL: "ssh://git@" + listener.Addr().String() + "/x", SSHKeyFile: host.keyFile, KnownHostsFile: host.knownHosts, Timeout: 50 * time.Millisecond})
	if _, err := r.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrUnreachable) {
		t.Errorf("got %v, want ErrUnreachable", err)
	}
}
