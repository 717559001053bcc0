"""Telling people: what a message says, where it goes, and a short-lived process that carries it there."""
