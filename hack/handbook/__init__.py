"""Builds the project's pages into a site that needs no network: gathers them, and has mkdocs make and check it."""
