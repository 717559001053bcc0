"""Pages as tests read them: the blocks of code in a page, and a shell that runs them as its reader would.

What stands behind a block's language is its group (```sh database). In `sh` blocks every command has to succeed; in
`console` blocks lines with `$ ` are commands and the others what they print, with `...` for what differs.
"""

import doctest
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

DOCS = Path(__file__).parent.parent / "docs"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
END = "-- end of step"


@dataclass(frozen=True)
class Block:
    """A block of code."""

    language: str
    group: str
    text: str
    line: int


@dataclass(frozen=True)
class Step:
    """Something to run, and what it is said to print; None where nothing is said."""

    command: str
    expected: str | None
    line: int


def read_blocks(page: Path) -> Iterator[Block]:
    """List the blocks of a page."""
    for token in MarkdownIt().parse(page.read_text()):
        if token.type == "fence":
            language, _, group = token.info.partition(" ")
            yield Block(language, group, token.content, (token.map or [0])[0] + 1)


def steps_of(page: Path, group: str) -> list[Step]:
    """List what a reader of a group types."""
    return [step for block in read_blocks(page) if block.group == group for step in _steps(block)]


def prose_of(page: Path) -> str:
    """Return a page without its blocks of code and without the addresses of its links."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\]\([^)]*\)", "]", text)


def quotes(page: Path) -> dict[str, str]:
    """Return the texts that a page quotes (```text NAME), by their names."""
    found = [(block.group, block.text.strip()) for block in read_blocks(page) if block.language == "text"]
    names = [name for name, _ in found]
    assert len(names) == len(set(names)), "each text has a name of its own"
    return dict(found)


def says(expected: str, said: str) -> bool:
    """Whether a text is what the page says, with `...` for what differs."""
    return bool(said) and doctest.OutputChecker().check_output(f"{expected}\n", f"{said}\n", FLAGS)


def _steps(block: Block) -> Iterator[Step]:
    if block.language == "sh":
        yield Step(block.text, None, block.line)
        return
    assert block.language == "console", f"line {block.line}: nobody can run {block.language}"
    before, *parts = ("\n" + block.text).split("\n$ ")
    assert not before, f"line {block.line}: a block begins with a command"
    for part in parts:
        command, _, expected = part.partition("\n")
        yield Step(command, expected, block.line)


def run_steps(
    steps: list[Step], folder: Path, environment: Mapping[str, str], *tools: Path, timeout: float = 110
) -> list[str]:
    """Run all steps in one shell; return what went wrong, each with the line of its block."""
    path = ":".join([*map(str, tools), os.environ["PATH"]])
    script = "\n".join(map(_script, steps))
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", script],
        cwd=folder, env={"HOME": str(folder), **environment, "PATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=timeout,
    )  # fmt: skip
    said = done.stdout.split(f"{END}\n")
    wrong = [found for step, text in zip(steps, said, strict=False) if (found := _judge(step, text))]
    if done.returncode or len(said) != len(steps) + 1:
        wrong.append(f"line {steps[min(len(said), len(steps)) - 1].line}: ended with {done.returncode}: {said[-1]}")
    return wrong


def _script(step: Step) -> str:
    strictness = "set -euo pipefail" if step.expected is None else "set +e"
    return f"{strictness}\n{step.command}\necho '{END}'"


def _judge(step: Step, said: str) -> str:
    if step.expected is None or doctest.OutputChecker().check_output(step.expected, said, FLAGS):
        return ""
    return f"line {step.line}: {step.command}\nsays\n{said}\nand not\n{step.expected}"
