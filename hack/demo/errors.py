"""What can end the demo early; the message is what the person reads."""


class DemoError(Exception):
    """The story cannot go on."""


class WaitedInVainError(DemoError):
    """Something did not happen in time: says what was waited for and what was seen last."""

    def __init__(self, for_: str, seconds: float, seen: str) -> None:
        """Compose the sentence."""
        super().__init__(f"waited {seconds:.0f} s for {for_}; seen last: {seen}")
