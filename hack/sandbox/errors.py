"""What a person reads when the sandbox cannot be set up."""


class SandboxError(Exception):
    """The sandbox cannot be set up; the message says why, and what to do."""
