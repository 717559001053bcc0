"""A whole Kubernetes with a real node on this machine, for `make e2e`: in namespaces of its own, or kind."""
