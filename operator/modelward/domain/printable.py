"""Text that people, databases or servers chose, made fit for a screen, a log or a mail's header."""


def printable(text: str, keep: str = "") -> str:
    """Put a question mark in the place of whatever moves a cursor, breaks a line or turns the direction of writing."""
    return "".join(c if c.isprintable() or c in keep else "?" for c in text)
