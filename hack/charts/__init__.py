"""Checks the chart without a cluster: Helm's lint, its own unit tests, kube-score, and that no value goes untested."""
