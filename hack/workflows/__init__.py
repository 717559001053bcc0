"""Checks the GitHub Actions workflows of the examples with actionlint, built once from its pinned Go module."""
