"""The file of an archive: a head, the registry's rows, the predictions, and an end that says that it is whole.

One JSON object a line, compressed where the name ends with .gz. It is written beside its place and renamed when it is
safely on disk; only its owner may read it.
"""

import gzip
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn, cast

from modelward.domain.errors import InvalidCallError, RefusedError
from modelward.domain.ledger import ModelKey
from modelward.domain.reasons import Reason

API_VERSION = "modelward.dev/archive/v1"
VERSION, PREDICTION = '{"version": ', '{"prediction": '


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """An archive that is open for reading; `predictions` ends with an error where the file is torn."""

    path: Path
    key: ModelKey
    names: tuple[str, ...]
    versions: tuple[str, ...]
    predictions: Iterator[str]


def refuse_existing(path: Path) -> None:
    """Refuse to write over a file: it may be the only copy of something."""
    if path.exists():
        raise InvalidCallError(f"{path} exists already: an archive is never written over")


def write_archive(path: Path, key: ModelKey, versions: Iterable[str], predictions: Iterable[str]) -> int:
    """Write a whole archive, safely on disk when this returns; return how many predictions it holds."""
    refuse_existing(path)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as raw:
            count = _write(raw, path, key, versions, predictions)
            raw.flush()
            os.fsync(raw.fileno())
        os.link(scratch, path)  # fails where the file has come into being meanwhile
    finally:
        Path(scratch).unlink()
    return count


@contextmanager
def open_archive(path: Path) -> Iterator[ArchiveFile]:
    """Open an archive; RefusedError where it is none."""
    with path.open("rb") as raw, _text(raw, path, "rt") as lines:
        try:
            head = json.loads(lines.readline())
            fits = head["apiVersion"] == API_VERSION
            key = ModelKey(head["model"], head["environment"])
            versions = tuple(_strip(lines.readline(), VERSION, path) for _ in range(head["versions"]))
        except (ValueError, KeyError, TypeError, EOFError, gzip.BadGzipFile):
            _refuse(path, f"its head does not say {API_VERSION}")
        if not fits:
            _refuse(path, f"it is {head['apiVersion']}, and {API_VERSION} is understood here")
        names = tuple(json.loads(line)["model_version"] for line in versions)
        yield ArchiveFile(path, key, names, versions, _predictions(lines, path))


def _write(raw: IO[bytes], path: Path, key: ModelKey, versions: Iterable[str], predictions: Iterable[str]) -> int:
    rows, count = list(versions), 0
    head = {"apiVersion": API_VERSION, "model": key.model, "environment": key.environment, "versions": len(rows)}
    with _text(raw, path, "wt") as file:
        file.write(json.dumps(head) + "\n")
        file.writelines(f"{VERSION}{row}}}\n" for row in rows)
        for row in predictions:
            file.write(f"{PREDICTION}{row}}}\n")
            count += 1
        file.write(json.dumps({"end": count}) + "\n")
    return count


@contextmanager
def _text(raw: IO[bytes], path: Path, mode: str) -> Iterator[IO[str]]:
    """Open as text without closing what lies below: it is still to be synchronised."""
    if path.suffix == ".gz":
        with gzip.open(raw, mode, encoding="utf-8") as packed:
            yield cast("IO[str]", packed)
    else:
        with os.fdopen(os.dup(raw.fileno()), mode, encoding="utf-8") as plain:
            yield plain


def _predictions(lines: IO[str], path: Path) -> Iterator[str]:
    count = 0
    try:
        for line in lines:
            if not line.startswith(PREDICTION):
                if json.loads(line) != {"end": count}:
                    break
                return
            yield _strip(line, PREDICTION, path)
            count += 1
    except (ValueError, EOFError, gzip.BadGzipFile):
        pass  # said below: the end is missing
    _refuse(path, f"it is torn after {count:,} predictions; nothing was restored")


def _strip(line: str, head: str, path: Path) -> str:
    """Take a row out of its line as it is: read and written anew, long numbers would lose digits."""
    text = line.rstrip("\n")
    if not (text.startswith(head) and text.endswith("}")):
        _refuse(path, "a line is not what it should be")
    return text[len(head) : -1]


def _refuse(path: Path, why: str) -> NoReturn:
    raise RefusedError(Reason.ARCHIVE_UNREADABLE, f"{path} is no archive that can be restored: {why}")
