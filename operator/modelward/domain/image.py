"""Container image references: what stands before the tag, the tag, and the digest."""

import re
from dataclasses import dataclass

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """`registry:5000/team/model:tag@sha256:...`, taken apart."""

    repository: str
    tag: str | None
    digest: str | None


def parse_image(image: str) -> ImageReference:
    """Take a reference apart; a colon counts as the tag's only after the last slash (ports stay)."""
    name, _, digest = image.partition("@")
    head, slash, tail = name.rpartition("/")
    base, _, tag = tail.partition(":")
    return ImageReference(f"{head}{slash}{base}", tag or None, digest or None)


def is_version(text: str) -> bool:
    """Whether a text can stand as an image tag."""
    return TAG.fullmatch(text) is not None


def version_in(image: str, template: str) -> str | None:
    """Read the version out of an image by its template, None where it does not fit."""
    before, _, after = template.partition("{version}")
    bare = image.partition("@")[0] if "@" not in template else image
    if not (bare.startswith(before) and bare.endswith(after) and len(bare) > len(before) + len(after)):
        return None
    version = bare[len(before) : len(bare) - len(after)]
    return version if is_version(version) else None


def is_same_image(image: str, other: str) -> bool:
    """Whether two references name one image: they are the same text, or have the same digest."""
    digest = parse_image(image).digest
    return image == other or (digest is not None and digest == parse_image(other).digest)


def is_listed(repository: str, allowed: str) -> bool:
    """Whether a repository is in a comma-separated list of patterns.

    A pattern has as many segments (between slashes) as the repository; in a segment `*` stands for any characters,
    none included. Everything else is meant letter by letter, so a prefix, another case or a longer host never fits.
    """
    segments = repository.split("/")
    return any(_fits(segments, pattern.strip().split("/")) for pattern in allowed.split(",") if pattern.strip())


def _fits(segments: list[str], patterns: list[str]) -> bool:
    return len(segments) == len(patterns) and all(map(_is_like, segments, patterns))


def _is_like(segment: str, pattern: str) -> bool:
    first, *rest = pattern.split("*")
    if not rest:
        return segment == pattern
    *middle, last = rest
    if len(segment) < len(first) + len(last) or not (segment.startswith(first) and segment.endswith(last)):
        return False
    at, end = len(first), len(segment) - len(last)
    for part in middle:
        found = segment.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
