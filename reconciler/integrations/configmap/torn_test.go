package configmap_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// TestNoReadIsTorn reads as a kubelet does, while release follows release: one object, or the pointer and then what it names.
// Nothing is ever missing, mixed or older than what was seen.
func TestNoReadIsTorn(t *testing.T) {
	for _, mode := range []string{"inplace", "rolling"} {
		t.Run(mode, func(t *testing.T) {
			d := deskOf(t, "mode", mode)
			write := func(seq int64) error {
				text := strings.Repeat("x", int(seq))
				files := map[string]string{"one": text, "two": text, fmt.Sprint("only-", seq): text}
				_, err := d.Write(t.Context(), d.release(seq, files))
				return err
			}
			must(t, write(1))
			done := make(chan error, 1)
			go func() {
				var err error
				for seq := int64(2); seq <= 60 && err == nil; seq++ {
					err = write(seq)
				}
				done <- err
			}()
			reads, newest := 0, int64(0)
			for {
				newest = d.readWhole(t, mode, newest)
				reads++
				select {
				case err := <-done:
					must(t, err)
					t.Logf("%d reads", reads)
					return
				default:
				}
			}
		})
	}
}

// readWhole reads a release and returns its entry, which is not older than what was seen.
func (d *desk) readWhole(t *testing.T, mode string, newest int64) int64 {
	t.Helper()
	data := d.at("pay-config").data(t)
	if mode == "rolling" {
		data = d.at(string(data["current"])).data(t)
	}
	head, err := integrations.DecodeHead(data[".sluice.json"])
	must(t, err)
	only := fmt.Sprint("only-", head.Seq)
	if string(data["one"]) != string(data["two"]) || int64(len(data["one"])) != head.Seq || data[only] == nil || len(data) != 5 ||
		schema.DigestOf(data[".sluice.document"]) != head.Doc {
		t.Fatalf("entry %d with keys %q", head.Seq, sorted(data))
	}
	if head.Seq < newest {
		t.Fatalf("entry %d after entry %d", head.Seq, newest)
	}
	return head.Seq
}
