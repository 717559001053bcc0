"""modelward watches a model after it shipped and puts the previous version back when it got worse."""

__version__ = "0.1.0"
