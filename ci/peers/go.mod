module github.com/sluice-gitops/sluice/ci/peers

go 1.26.0

require (
	github.com/looplab/fsm v1.0.3
	github.com/qmuntal/stateless v1.8.0
	github.com/sluice-gitops/sluice v0.0.0
)

require gopkg.in/yaml.v3 v3.0.1 // indirect

replace github.com/sluice-gitops/sluice => ../..
