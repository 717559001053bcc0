"""What only happens where a person sits: colour, and a question before anything is changed."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from apistub import a_body, served
from builders import NAME, A, B
from registry import BAD, guide

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7])m")


def at_a_terminal(url: str, *arguments: str, answer: str = "", **environment: str) -> tuple[int, str]:
    """Run `modelward` with a terminal for all three streams; return its exit code and what was on the screen."""
    mine, theirs = pty.openpty()
    env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "DATABASE_URL": url, "COLUMNS": "100", **environment}
    command = [sys.executable, "-m", "modelward", *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, close_fds=True)
    os.close(theirs)
    os.write(mine, answer.encode())
    shown = b""
    while True:
        try:
            read = os.read(mine, 4096)
        except OSError:  # how Linux says that the other side hung up
            break
        if not read:
            break
        shown += read
    os.close(mine)
    return process.wait(timeout=60), shown.decode()


def test_a_terminal_gets_colour_and_no_color_takes_it_away(database_url: str):
    guide(database_url, BAD)
    assert COLOUR.search(at_a_terminal(database_url, "check", "--dry-run")[1])
    assert not COLOUR.search(at_a_terminal(database_url, "check", "--dry-run", NO_COLOR="1")[1])


def test_programs_get_no_colour_even_at_a_terminal(database_url: str):
    guide(database_url, BAD)
    assert "\x1b" not in at_a_terminal(database_url, "check", "--dry-run", "-o", "json")[1]


@pytest.mark.parametrize(("answer", "code", "serving"), [("y\n", 0, A), ("n\n", 1, B), ("\n", 1, B), ("\x04", 1, B)])
def test_S4_rollback_shows_what_would_change_and_asks(database_url: str, answer: str, code: int, serving: str):
    registry = guide(database_url, BAD)
    ended, shown = at_a_terminal(database_url, "rollback", answer=answer)
    assert (ended, registry.production) == (code, [serving])
    assert f"from {B}: R2 0.850, RMSE 4200, 120 samples" in shown
    assert f"to   {A}: R2 0.930, RMSE 3480, 120 samples" in shown
    assert "Put it in production? [y/N]" in shown


@pytest.mark.parametrize(("answer", "code", "asked"), [("y\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0), ("\x04", 1, 0)])
def test_S4_rollback_in_a_cluster_shows_what_would_change_and_what_follows_and_asks(
    tmp_path: Path, answer: str, code: int, asked: int
):
    with served(200, json.dumps(a_body()).encode()) as stub:
        kubeconfig = stub.kubeconfig(tmp_path)
        words = ("rollback", NAME, "--no-wait")
        ended, shown = at_a_terminal("", *words, answer=answer, KUBECONFIG=kubeconfig)
    assert (ended, len([path for path in stub.asked if path.startswith("PATCH")])) == (code, asked)
    for words_shown in (f"from {B}", f"to   {A}", f"{B} goes into quarantine", "Ask the operator for it? [y/N]"):
        assert words_shown in shown


def test_S4_with_yes_nothing_is_asked_at_a_terminal(tmp_path: Path):
    with served(200, json.dumps(a_body()).encode()) as stub:
        words = ("rollback", NAME, "--no-wait", "--yes")
        ended, shown = at_a_terminal("", *words, KUBECONFIG=stub.kubeconfig(tmp_path))
    assert (ended, "[y/N]" in shown) == (0, False)
