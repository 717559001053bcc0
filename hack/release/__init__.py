"""What a release must be before it is one: `make release-check` proves here all that needs no registry and no tag."""
