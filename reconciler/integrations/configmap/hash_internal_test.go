package configmap

import "testing"

// TestHashIsThatOfKubectl has what kubectl 1.32 answers to
//
//	kubectl create configmap pay-config --from-file=app.yaml --from-file=bin.dat --append-hash --dry-run=client -o name
//	kubectl create secret generic pay-config --from-file=app.yaml --append-hash --dry-run=client -o name
func TestHashIsThatOfKubectl(t *testing.T) {
	text, binary := []byte("colour: red <a&b>\n"), []byte("\xff\x00")
	if got := hashOf("ConfigMap", "pay-config", map[string][]byte{"app.yaml": text, "bin.dat": binary}); got != "4gtcdmct7d" {
		t.Errorf("ConfigMap: got %s, want 4gtcdmct7d", got)
	}
	if got := hashOf("Secret", "pay-config", map[string][]byte{"app.yaml": text}); got != "g4kg529kch" {
		t.Errorf("Secret: got %s, want g4kg529kch", got)
	}
}
