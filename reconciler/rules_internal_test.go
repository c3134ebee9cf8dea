package reconciler

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func TestABadKeyIsNamedAndTheOthersCount(t *testing.T) {
	var public [3]string
	for i := range public {
		_, line, err := signing.GenerateEd25519()
		if err != nil {
			t.Fatal(err)
		}
		public[i] = string(line)
	}
	files, err := schema.NewProject(schema.InitOptions{
		ProjectID: strings.Repeat("5ca1e", 6), CreatedAt: time.Now().UTC(), Person: schema.Principal{ID: "ann"},
		Key:    schema.PublicKey{Format: schema.SSHKey, Data: []byte(public[0])},
		LogKey: public[1], BotKey: schema.PublicKey{Format: schema.SSHKey, Data: []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAACjAxMjM0NTY3ODk= bot\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRules(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.disabled) != 1 || !strings.Contains(r.disabled[0].Error(), schema.BotID) {
		t.Errorf("disabled keys: got %v, want the bot's alone", r.disabled)
	}
}
