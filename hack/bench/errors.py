"""What a person reads when a measurement cannot be made."""


class BenchError(Exception):
    """A measurement failed; a goal that is missed is no failure."""
