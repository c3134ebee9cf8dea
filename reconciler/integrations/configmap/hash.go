package configmap

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

const hashLength = 10

// hashOf is what `kubectl create configmap NAME --append-hash` (or secret generic NAME) puts behind the name, so that anybody
// can tell from an immutable object whether it is what its name says.
func hashOf(kind, name string, data map[string][]byte) string {
	object := map[string]any{"kind": kind, "name": name}
	if kind == "Secret" {
		object["type"] = ""   // as kubectl has it then: the server makes it Opaque
		object["data"] = data // encoding/json writes bytes as Kubernetes does
	} else {
		text, binary := split(data)
		object["data"] = text
		if len(binary) > 0 {
			object["binaryData"] = binary
		}
	}
	encoded, err := json.Marshal(object) // sorted keys, HTML escaped: as kubectl does
	if err != nil {
		panic(fmt.Sprintf("hash of a %s: %v", kind, err)) // maps of strings and bytes cannot fail
	}
	sum := sha256.Sum256(encoded)
	return strings.NewReplacer("0", "g", "1", "h", "3", "k", "a", "m", "e", "t").Replace(hex.EncodeToString(sum[:])[:hashLength])
}

// split puts values where a ConfigMap has them: text in data, anything else in binaryData.
func split(data map[string][]byte) (text map[string]string, binary map[string]string) {
	text, binary = map[string]string{}, map[string]string{}
	for key, value := range data {
		if utf8.Valid(value) {
			text[key] = string(value)
		} else {
			binary[key] = base64.StdEncoding.EncodeToString(value)
		}
	}
	return text, binary
}
