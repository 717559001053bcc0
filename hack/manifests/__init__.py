"""Keeps the copies: the CRD inside the chart, and the manifests rendered from the chart for `kubectl apply`."""
