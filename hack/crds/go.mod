// Whose CustomResourceDefinitions the recipes are held against; nothing is built from it.
module modelward.dev/hack/crds

go 1.26.0

require (
	github.com/argoproj/argo-cd/v3 v3.2.3
	github.com/fluxcd/helm-controller v1.6.0
	github.com/fluxcd/kustomize-controller v1.9.6
)
