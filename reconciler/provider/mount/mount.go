// Package mount reads configuration from a mounted ConfigMap, or from a directory that the target "file" fills.
package mount

import "github.com/sluice-gitops/sluice/reconciler/provider"

// New reads a directory: where the ConfigMap is mounted ("/etc/sluice/production/pay-config"), or an app's directory below
// that of the target "file" ("/srv/config/production/pay"). It looks at the directory's link once a second;
// [provider.Directory] says more.
func New(dir string) provider.Directory { return provider.Directory{Path: dir} }
