// Package configmap is the target that keeps each cell in a ConfigMap, or a Secret, of a Kubernetes cluster.
//
//	inplace   <namespace>/<name>                one object that changes: the files as keys, .sluice.json (the signed head), .sluice.document
//	rolling   <namespace>/<name>                a pointer: .sluice.json, current, digest, commit, seq
//	          <namespace>/<name>-<10 of hash>   immutable: the files, .sluice.json, .sluice.document; what workloads mount
//
// The namespace is the stage and the name <app>-config, unless templates say otherwise. One object changes in one step, for
// who reads it from the API and for who has it mounted, so nobody sees a mixture; a hashed object never changes at all. Writes
// are server-side applies of what is ours, on the condition that the object is the one that was judged (resourceVersion), so
// that a lower sequence number never follows a higher one. Keys of others are left where they are, and named.
package configmap

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	apischema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// Integration is the line for the list of integrations.
func Integration() integrations.Integration {
	return integrations.Integration{Name: "configmap", Target: func(_ context.Context, s integrations.Spec) (integrations.Target, error) {
		t, err := New(s)
		if err != nil || t.marks == "" {
			return t, err
		}
		return Keeper{t}, nil
	}}
}

// manager is the field manager that owns what we write. Others that use the name are taken for us.
const manager = "sluice"

// Target is one cluster that holds cells.
type Target struct {
	spec    integrations.Spec
	config  *rest.Config
	http    *http.Client
	objects dynamic.Interface
	about   metadata.Interface // the same objects without their data: for lists and watches
	fixed   string             // the namespace template that the operator wrote; stages have no other then
	marks   string             // the namespace of checkpoints; empty keeps none
	timeout time.Duration      // of one request
}

// New reads the operator's settings and connects to nothing, so that a reconciler starts while the cluster is down.
//
//	kubeconfig_file  with context: how to reach the cluster; the service account of the pod where neither it nor endpoints is set
//	endpoints        https://HOST:PORT of one API server, instead of a kubeconfig
//	token_file       with endpoints; read again every minute
//	ca_file          with endpoints: who signed the server's certificate; the system's authorities by default
//	cert_file        with endpoints: client certificate, with key_file
//	namespace        a template like {stage}; stages may then choose no other
//	checkpoints      the namespace in which checkpoints are kept; none are without it
//	timeout          of one request, 10s
func New(spec integrations.Spec) (*Target, error) {
	known := []string{"kubeconfig_file", "context", "endpoints", "token_file", "ca_file", "cert_file", "key_file", "namespace", "checkpoints", "timeout"}
	if err := errors.Join(spec.Check(), spec.Only(known...)); err != nil {
		return nil, err
	}
	t := &Target{spec: spec, fixed: spec.Settings["namespace"], marks: spec.Settings["checkpoints"], timeout: 10 * time.Second}
	if err := checkTemplate(t.fixed); err != nil {
		return nil, fmt.Errorf("target %s: namespace %q: %w", spec.Name, t.fixed, err)
	}
	if t.marks != "" && !labelShape.MatchString(t.marks) {
		return nil, fmt.Errorf("target %s: checkpoints %q: want a namespace", spec.Name, t.marks)
	}
	if text, ok := spec.Settings["timeout"]; ok {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return nil, fmt.Errorf("target %s: timeout %q: want a duration like 10s", spec.Name, text)
		}
		t.timeout = d
	}
	if err := t.connect(); err != nil {
		return nil, fmt.Errorf("target %s: %w", spec.Name, err)
	}
	return t, nil
}

func (t *Target) connect() error {
	var err error
	if t.config, err = clientConfig(t.spec.Settings); err != nil {
		return err
	}
	if t.http, err = rest.HTTPClientFor(t.config); err != nil {
		return err
	}
	if t.objects, err = dynamic.NewForConfigAndClient(t.config, t.http); err != nil {
		return err
	}
	t.about, err = metadata.NewForConfigAndClient(metadata.ConfigFor(t.config), t.http)
	return err
}

// Close gives back the connections that nobody uses.
func (t *Target) Close() error {
	t.http.CloseIdleConnections()
	return nil
}

// The resources that a cell may be in, and those that may use one.
var (
	configMaps  = apischema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	secrets     = apischema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	pods        = apischema.GroupVersionResource{Version: "v1", Resource: "pods"}
	replicaSets = apischema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
)
