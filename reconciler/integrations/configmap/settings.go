package configmap

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
)

// checkFiles names the setting and the file where one cannot be read or is not what it has to be: the client says neither.
func checkFiles(settings map[string]string) error {
	for _, field := range []string{"token_file", "ca_file", "cert_file", "key_file"} {
		name := settings[field]
		if name == "" {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("%s %s: %w", field, name, bare(err))
		}
		if err := checkFile(field, data); err != nil {
			return fmt.Errorf("%s %s: %w", field, name, err)
		}
	}
	return nil
}

func checkFile(field string, data []byte) error {
	switch field {
	case "token_file":
		if text := string(bytes.TrimSpace(data)); text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return errors.New("want a token, one line without spaces")
		}
	case "ca_file":
		if !x509.NewCertPool().AppendCertsFromPEM(data) {
			return errors.New("no certificate in it")
		}
	}
	return nil
}

// bare leaves out the call and the path, which the words before name.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// checkKubeconfig says what is missing in terms of the settings: the client speaks of a variable that nothing here reads.
func checkKubeconfig(file, context string) error {
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		return fmt.Errorf("kubeconfig_file %s: %w", file, bare(err))
	}
	if context == "" {
		context = config.CurrentContext
	}
	switch {
	case context == "":
		return fmt.Errorf("kubeconfig_file %s: no current-context in it; write context: beside kubeconfig_file", file)
	case config.Contexts[context] == nil:
		return fmt.Errorf("kubeconfig_file %s: no context %q in it", file, context)
	}
	return nil
}

// checkTemplate refuses what no app fills in, before any app is asked for.
func checkTemplate(template string) error {
	rest := strings.NewReplacer("{stage}", "", "{app}", "").Replace(template)
	if strings.ContainsAny(rest, "{}") {
		return errors.New("want {stage} and {app} alone in braces")
	}
	return nil
}
