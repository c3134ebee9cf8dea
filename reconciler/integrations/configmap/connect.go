package configmap

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// clientConfig reads how to reach the cluster. The server is always verified, and nothing goes over a plain connection.
func clientConfig(settings map[string]string) (*rest.Config, error) {
	config, err := reach(settings)
	if err != nil {
		return nil, err
	}
	if config.Insecure || !strings.HasPrefix(config.Host, "https://") {
		return nil, fmt.Errorf("server %s: want https, and a certificate that can be verified", config.Host)
	}
	config.UserAgent = "sluice"
	config.QPS = -1 // the server has its own measure of what is fair
	config.WarningHandler = rest.NoWarnings{}
	return config, nil
}

func reach(settings map[string]string) (*rest.Config, error) {
	direct := []string{"token_file", "ca_file", "cert_file", "key_file"}
	switch file, endpoint := settings["kubeconfig_file"], settings["endpoints"]; {
	case file != "" && endpoint != "":
		return nil, errors.New("kubeconfig_file and endpoints are two ways to say one thing: give one")
	case endpoint == "":
		for _, name := range direct {
			if settings[name] != "" {
				return nil, fmt.Errorf("%s goes with endpoints, which is not set", name)
			}
		}
		return configured(file, settings["context"])
	case settings["context"] != "":
		return nil, errors.New("context goes with kubeconfig_file, which is not set")
	default:
		return addressed(endpoint, settings)
	}
}

// configured reads a kubeconfig, or what a pod is given.
func configured(file, context string) (*rest.Config, error) {
	if file == "" {
		if context != "" {
			return nil, errors.New("context goes with kubeconfig_file, which is not set")
		}
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("neither kubeconfig_file nor endpoints is set, and this is no pod: %w", err)
		}
		return config, nil
	}
	if err := checkKubeconfig(file, context); err != nil {
		return nil, err
	}
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: file}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig_file %s: %w", file, err)
	}
	return config, nil
}

func addressed(endpoint string, settings map[string]string) (*rest.Config, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.Contains(endpoint, ",") {
		return nil, fmt.Errorf("endpoints %q: want one API server, https://host:port", endpoint)
	}
	config := &rest.Config{Host: endpoint, BearerTokenFile: settings["token_file"]}
	config.CAFile, config.CertFile, config.KeyFile = settings["ca_file"], settings["cert_file"], settings["key_file"]
	if (config.CertFile == "") != (config.KeyFile == "") {
		return nil, errors.New("cert_file and key_file belong together")
	}
	if config.BearerTokenFile == "" && config.CertFile == "" {
		return nil, errors.New("no credentials: give token_file, or cert_file and key_file")
	}
	return config, checkFiles(settings)
}
