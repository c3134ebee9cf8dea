package stories_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/witness"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// witnessServer is a witness as C2SP tlog-witness describes it: it cosigns a checkpoint only if the one it cosigned before
// leads to it.
type witnessServer struct {
	w    *world
	key  schema.WitnessKey
	sign ed25519.PrivateKey
	url  string

	mu   sync.Mutex
	mode string // "", "down", "old", "bad"
	size int64
	root tlog.Hash
}

// startWitnesses starts so many and returns what the trust root says of them.
func (w *world) startWitnesses(n int) schema.Witnesses {
	if n == 0 {
		return schema.Witnesses{}
	}
	out := schema.Witnesses{Quorum: max(n-1, 1)}
	for i := range n {
		public, private, err := ed25519.GenerateKey(nil)
		w.must(err)
		s := &witnessServer{w: w, key: schema.WitnessKey{Name: fmt.Sprintf("witness.example/w%d", i+1), Key: public}, sign: private}
		server := httptest.NewServer(s)
		w.t.Cleanup(server.Close)
		s.url = server.URL
		w.witnesses = append(w.witnesses, s)
		out.Keys = append(out.Keys, s.key.String())
	}
	return out
}

func (w *world) askedWitnesses() []reconciler.Witness {
	var out []reconciler.Witness
	for _, s := range w.witnesses {
		client, err := witness.New(s.url)
		w.must(err)
		out = append(out, reconciler.Witness{Name: s.key.Name, Client: client})
	}
	return out
}

// ServeHTTP answers add-checkpoint.
func (s *witnessServer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := io.ReadAll(r.Body)
	if err != nil || s.mode == "down" || r.Method != http.MethodPost || r.URL.Path != "/add-checkpoint" {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	head, signed, _ := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	if err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	switch status, text := s.judge(old, lines[1:], signed); status {
	case http.StatusOK:
		io.WriteString(rw, s.cosignature(text))
	case http.StatusConflict:
		rw.Header().Set("Content-Type", "text/x.tlog.size")
		rw.WriteHeader(status)
		fmt.Fprintln(rw, s.size)
	default:
		rw.WriteHeader(status)
	}
}

// judge answers as the specification orders the checks; what it lets through it remembers.
func (s *witnessServer) judge(old int64, proofLines []string, signed string) (status int, text string) {
	origin, _, _ := strings.Cut(signed, "\n")
	opened, err := note.Open([]byte(signed), note.VerifierList(s.w.logVerifiers(origin)...))
	if err != nil {
		return http.StatusForbidden, ""
	}
	size, root, err := sizeAndRoot(opened.Text)
	switch {
	case err != nil, old > size:
		return http.StatusBadRequest, ""
	case old != s.size, old == size && root != s.root:
		return http.StatusConflict, ""
	}
	var proof tlog.TreeProof
	for _, line := range proofLines {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return http.StatusUnprocessableEntity, ""
		}
		proof = append(proof, h)
	}
	if old == 0 && len(proof) > 0 || 0 < old && old < size && tlog.CheckTree(proof, size, root, old, s.root) != nil {
		return http.StatusUnprocessableEntity, ""
	}
	s.size, s.root = size, root
	return http.StatusOK, opened.Text
}

func sizeAndRoot(text string) (size int64, root tlog.Hash, err error) {
	lines := strings.Split(text, "\n")
	if size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return 0, root, err
	}
	root, err = tlog.ParseHash(lines[2])
	return size, root, err
}

func (s *witnessServer) cosignature(text string) string {
	at := s.w.clock.Now().Unix()
	if s.mode == "old" {
		at -= 3600
	}
	sig := binary.BigEndian.AppendUint32(nil, s.key.ID())
	sig = binary.BigEndian.AppendUint64(sig, uint64(at))
	sig = append(sig, ed25519.Sign(s.sign, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text))...)
	if s.mode == "bad" {
		sig[20] ^= 1
	}
	return "— " + s.key.Name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

// logVerifiers are the log keys that a witness was told of.
func (w *world) logVerifiers(origin string) []note.Verifier {
	var out []note.Verifier
	for _, file := range []string{w.team.LogKey(), w.team.NextLogKey()} {
		key, err := signing.LoadLogKey(file)
		if err != nil {
			continue // there is no next one
		}
		vkey, err := note.NewEd25519VerifierKey(origin, key.PublicKey())
		w.must(err)
		v, err := note.NewVerifier(vkey)
		w.must(err)
		out = append(out, v)
	}
	return out
}

// witnessIs tells what a witness cosigned, or changes what it does: "witness w1", "witness w1 down", "up", "old", "bad".
func (w *world) witnessIs(words []string) []string {
	i := slices.IndexFunc(w.witnesses, func(s *witnessServer) bool { return strings.HasSuffix(s.key.Name, "/"+words[0]) })
	s := w.witnesses[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(words) == 1 {
		return []string{fmt.Sprintf("%s cosigned %d entries", words[0], s.size)}
	}
	s.mode = strings.TrimPrefix(words[1], "up")
	return nil
}

// known holds the ledger to the checkpoint that a target keeps, and asks for a quorum: "known files 24h".
func (w *world) known(words []string) []string {
	repo, err := gitrepo.OpenLocal(w.forge.RepoDir("acme/config"))
	w.must(err)
	defer repo.Close()
	known := reconciler.Known{Quorum: true, Now: w.clock.Now()}
	files, err := filepath.Glob(filepath.Join(w.targets[words[0]].dir, ".sluice", "*", "checkpoint"))
	w.must(err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		w.must(err)
		known.Notes = append(known.Notes, reconciler.KnownNote{Name: words[0], Data: data})
	}
	if len(words) > 1 {
		known.MaxAge, err = time.ParseDuration(words[1])
		w.must(err)
	}
	findings, err := reconciler.AuditKnown(w.ctx, repo, w.ledgerTip(), known)
	w.must(err)
	if len(findings) == 0 {
		return []string{"held, and cosigned by a quorum"}
	}
	var out []string
	for _, f := range findings {
		out = append(out, fmt.Sprintf("%s [%s]", f.Class, f.Code))
	}
	return out
}
