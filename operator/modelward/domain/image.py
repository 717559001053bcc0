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
