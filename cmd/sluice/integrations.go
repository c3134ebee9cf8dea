package main

import (
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/file"
)

// all is the list of integrations: adding a system is its folder and one line here.
func all() []integrations.Integration {
	return []integrations.Integration{
		configmap.Integration(),
		etcd.Integration(),
		file.Integration(),
	}
}
