"""What is imported when: asked of a fresh Python each time, since this one has imported everything."""

import json
import subprocess
import sys

import pytest

HEAVY = ("aiohttp", "asyncio", "kopf", "kubernetes", "psycopg", "rich", "yaml", "prometheus_client")
LISTED = "import json, sys; print(json.dumps(sorted(m for m in sys.modules if '.' not in m)))"


def imported(script: str) -> set[str]:
    """Run a script and return the top-level modules it left imported."""
    done = subprocess.run([sys.executable, "-c", f"{script}\n{LISTED}"], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    return f"from modelward.cli.main import main\nmain({list(arguments)!r}, standalone_mode=False)"


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["rollback", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]):
    assert not imported(command(*arguments)) & set(HEAVY)


def test_the_package_alone_imports_nothing_heavy():
    assert not imported("import modelward") & {*HEAVY, "click"}


def test_the_objects_are_there_when_asked_for_and_bring_no_cluster_and_no_drawing():
    found = imported("from modelward import ModelEvaluationDB, ModelMonitor")
    assert "psycopg" in found
    assert not found & {"aiohttp", "click", "kopf", "kubernetes", "rich"}


def test_the_operator_never_draws():
    assert "rich" not in imported("import modelward.run, modelward.cli.operator")


def test_a_name_that_there_is_not_is_an_attribute_error():
    import modelward  # noqa: PLC0415  the object of this test

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        modelward.nonsense  # type: ignore[attr-defined]  # noqa: B018
