"""What is wrong with a release."""


class ReleaseError(Exception):
    """It cannot be released so; the message says what to change, and where."""
