"""S16: old versions are put away and come back as they were; what serves, and the way back, never go."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from apistub import a_body, served
from builders import NAME, A, B
from registry import GOOD, Registry, guide, shell
from rows import Row

OLD = ["20250101_000000", "20250201_000000", "20250301_000000"]
EVERY_ROW = "SELECT row_to_json(p)::text FROM model_predictions p ORDER BY model_version, predicted_at, request_id"
EVERY_VERSION = "SELECT row_to_json(v)::text FROM model_versions v ORDER BY model_version"


@pytest.fixture
def registry(database_url: str) -> Registry:
    """The guide's two versions, and three old ones with rows of every kind."""
    registry = guide(database_url, GOOD)
    for i, version in enumerate(OLD):
        registry.register(version, days_ago=300 - i, r2_score=0.9, size_bytes=10**12 + i)
        registry.predict(version, GOOD, hours_ago=24 * (300 - i), n=30)
    at = registry.now
    registry.insert(
        Row(
            registry.model,
            OLD[0],
            at.replace(year=2025, month=2, day=3, microsecond=i),
            value,
            0.1 + i,
            at,
            f"r-{i}'\\\n",
        )
        for i, value in enumerate([float("nan"), float("inf"), 5e-324, 1.7976931348623157e308, 0.1, None])
    )
    registry.ask(
        "UPDATE model_predictions SET features = %s::jsonb WHERE request_id LIKE 'r-%%'",
        '{"area": 12345678901234567890.123456789, "city": "Zürich \\"x\\"", "deep": [1, null]}',
    )
    return registry


def archived(registry: Registry) -> list[str]:
    rows = registry.ask("SELECT model_version FROM model_versions WHERE archived_at IS NOT NULL ORDER BY 1")
    return [row[0] for row in rows]


def test_S16_old_versions_are_archived_and_the_way_back_is_kept(registry: Registry):
    result = shell(registry.url)("archive", "--older-than", "90d")
    assert (result.exit_code, archived(registry)) == (0, OLD)
    assert f"{B}: kept, in production" in result.stdout
    assert f"{A}: kept, what a rollback would put back" in result.stdout
    again = shell(registry.url)("archive", "--older-than", "90d")
    assert again.exit_code == 0
    assert "archived" not in again.stdout


@pytest.mark.parametrize(
    ("arguments", "gone"),
    [
        (["--keep", "1"], OLD),
        (["--keep", "3"], OLD[:2]),
        (["--keep", "99"], []),
        (["--older-than", "299d12h", "--keep", "1"], OLD[:1]),
        (["--older-than", "1s"], OLD),
        (["--older-than", "999d"], []),
    ],
)
def test_S16_age_and_number_both_have_to_agree(registry: Registry, arguments: list[str], gone: list[str]):
    tried = shell(registry.url)("archive", *arguments, "--dry-run")
    assert (tried.exit_code, archived(registry)) == (0, [])
    assert [line.split(":")[0] for line in tried.stdout.splitlines() if "would be archived" in line] == gone
    assert shell(registry.url)("archive", *arguments).exit_code == 0
    assert archived(registry) == gone


def test_S16_even_all_versions_old_the_one_in_production_and_the_target_stay(database_url: str):
    registry = Registry(database_url)
    for i in range(5):
        registry.register(f"v{i}", days_ago=900 - i, production=i == 4)
    assert shell(database_url)("archive", "--older-than", "1s", "--keep", "1").exit_code == 0
    assert archived(registry) == ["v0", "v1", "v2"]


def test_S16_without_a_version_in_production_nothing_goes(registry: Registry):
    registry.ask("UPDATE model_versions SET is_production = false")
    assert shell(registry.url)("archive", "--older-than", "1s").exit_code == 1
    assert archived(registry) == []


def test_S16_an_archived_version_is_no_target_until_it_is_restored(registry: Registry, tmp_path: Path):
    run = shell(registry.url)
    file = tmp_path / "old.jsonl"
    assert run("archive", "--older-than", "90d", "--export", str(file)).exit_code == 0
    assert "was archived at" in run("rollback", OLD[0], "--yes").stderr
    assert run("archive", "--restore", str(file)).exit_code == 0
    assert run("rollback", OLD[0], "--yes").exit_code == 0
    assert registry.production == [OLD[0]]


@pytest.mark.parametrize("name", ["old.jsonl", "old.jsonl.gz"])
def test_S16_what_was_exported_and_removed_comes_back_to_the_last_digit(registry: Registry, tmp_path: Path, name: str):
    before: Any = (registry.ask(EVERY_ROW), registry.ask(EVERY_VERSION))
    run, file = shell(registry.url), tmp_path / name
    gone = run("archive", "--older-than", "90d", "--export", str(file), "--delete-predictions")
    assert gone.exit_code == 0
    assert f"{file}: 96 predictions, removed from the database" in gone.stdout
    assert file.stat().st_mode & 0o077 == 0, "only its owner may read it"
    assert {row[0] for row in registry.ask("SELECT DISTINCT model_version FROM model_predictions")} == {A, B}
    registry.ask("DELETE FROM model_versions WHERE model_version = %s", OLD[1])
    back = run("archive", "--restore", str(file))
    assert (back.exit_code, back.stdout.count(": restored")) == (0, 3)
    assert (registry.ask(EVERY_ROW), registry.ask(EVERY_VERSION)) == before
    assert "0 predictions" in run("archive", "--restore", str(file)).stdout, "twice is once"


def test_S16_a_file_that_is_there_is_not_written_over(registry: Registry, tmp_path: Path):
    file = tmp_path / "old.jsonl"
    file.write_text("mine")
    result = shell(registry.url)("archive", "--older-than", "90d", "--export", str(file), "--delete-predictions")
    assert (result.exit_code, file.read_text(), archived(registry)) == (2, "mine", [])
    assert "exists already" in result.stderr


def test_S16_a_folder_that_is_not_there_leaves_everything_as_it_was(registry: Registry, tmp_path: Path):
    before = registry.ask(EVERY_ROW)
    result = shell(registry.url)(
        "archive", "--older-than", "90d", "--export", str(tmp_path / "no" / "old"), "--delete-predictions"
    )
    assert (result.exit_code, archived(registry), registry.ask(EVERY_ROW)) == (1, [], before)
    assert "No such file or directory" in result.stderr


BROKEN = {
    "torn": lambda text: text[: len(text) // 2],
    "without its end": lambda text: "".join(text.splitlines(keepends=True)[:-1]),
    "one row short": lambda text: "".join(text.splitlines(keepends=True)[:-2] + text.splitlines(keepends=True)[-1:]),
    "empty": lambda _: "",
    "something else": lambda _: "hello\n",
    "of another version": lambda text: text.replace("archive/v1", "archive/v9"),
    "with a line of nonsense": lambda text: text.replace('{"prediction"', '{"predictions"', 1),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_S16_a_file_that_is_not_whole_restores_nothing(registry: Registry, tmp_path: Path, broken: Any):
    run, file = shell(registry.url), tmp_path / "old.jsonl"
    run("archive", "--older-than", "90d", "--export", str(file), "--delete-predictions")
    file.write_text(broken(file.read_text()))
    before = registry.ask(EVERY_ROW)
    result = run("archive", "--restore", str(file))
    assert (result.exit_code, archived(registry), registry.ask(EVERY_ROW)) == (1, OLD, before)
    assert "no archive that can be restored" in result.stderr


def test_S16_a_packed_file_that_is_torn_restores_nothing(registry: Registry, tmp_path: Path):
    run, file = shell(registry.url), tmp_path / "old.gz"
    run("archive", "--older-than", "90d", "--export", str(file))
    assert json.loads(gzip.decompress(file.read_bytes()).splitlines()[0])["versions"] == 3
    file.write_bytes(file.read_bytes()[:-20])
    assert run("archive", "--restore", str(file)).exit_code == 1
    assert archived(registry) == OLD


def test_S16_a_file_of_another_model_is_refused_where_one_is_named(registry: Registry, tmp_path: Path):
    run, file = shell(registry.url), tmp_path / "old.jsonl"
    run("archive", "--older-than", "90d", "--export", str(file))
    refused = run("archive", "--restore", str(file), "--model", "churn")
    assert (refused.exit_code, archived(registry)) == (1, OLD)
    assert "holds versions of house-prices" in refused.stderr


def test_S16_a_file_that_there_is_not_is_said(registry: Registry, tmp_path: Path):
    result = shell(registry.url)("archive", "--restore", str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert "No such file" in result.stderr


def in_a_cluster(registry: Registry, folder: Path, *words: str, **spec: Any) -> Result:
    """Run `modelward archive` for a ModelDeployment whose database is that of the registry."""
    with served(200, json.dumps(a_body(**spec)).encode()) as stub:
        return shell("")(
            "archive", NAME, "--database-url", registry.url, *words, env={"KUBECONFIG": stub.kubeconfig(folder)}
        )


def test_S16_in_a_cluster_what_the_modeldeployment_needs_stays(registry: Registry, tmp_path: Path):
    registry.ask("UPDATE model_versions SET is_production = false, created_at = created_at - interval '1 year', "
                 "promoted_at = NULL")  # fmt: skip
    registry.ask("UPDATE model_predictions SET predicted_at = predicted_at - interval '1 year'")
    words = ("--older-than", "90d")
    tried = in_a_cluster(registry, tmp_path, *words, "--dry-run", version=OLD[1], previousVersion=OLD[2])
    assert (tried.exit_code, archived(registry)) == (0, [])
    done = in_a_cluster(registry, tmp_path, *words, version=OLD[1], previousVersion=OLD[2])
    assert (done.exit_code, archived(registry)) == (0, [OLD[0]])
    assert f"{B}: kept, in production (ml/house-prices)" in done.stdout
    assert f"{A}: kept, what a rollback of ml/house-prices would put back" in done.stdout
    assert f"{OLD[1]}: kept, named by spec.version of ml/house-prices" in done.stdout
    assert f"{OLD[2]}: kept, what a rollback of ml/house-prices would put back" in done.stdout


def test_S16_in_a_cluster_rows_are_exported_and_come_back(registry: Registry, tmp_path: Path):
    before = (registry.ask(EVERY_ROW), registry.ask(EVERY_VERSION))
    file = str(tmp_path / "old.jsonl.gz")
    words = ("--older-than", "90d", "--export", file, "--delete-predictions")
    assert in_a_cluster(registry, tmp_path, *words).exit_code == 0
    assert archived(registry) == OLD
    assert in_a_cluster(registry, tmp_path, "--restore", file).exit_code == 0
    assert (registry.ask(EVERY_ROW), registry.ask(EVERY_VERSION)) == before


def test_S16_a_model_that_a_cluster_looks_after_is_archived_by_asking_it(registry: Registry):
    registry.ask("INSERT INTO modelward.managed (model_name, resource) VALUES (%s, 'ml/house-prices')", NAME)
    run = shell(registry.url)
    refused = run("archive", "--older-than", "90d")
    assert (refused.exit_code, archived(registry)) == (1, [])
    assert "kubectl modelward archive house-prices -n ml asks it; --force does not" in refused.stderr
    assert run("archive", "--older-than", "90d", "--force").exit_code == 0
    assert archived(registry) == OLD


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"versions": {"table": "runs"}}, "the versions stand in public.runs, which is not the table of modelward"),
        ({"predictions": {"table": "scored"}}, "public.scored is not the table of modelward: its rows are exported by"),
    ],
)
def test_S16_tables_of_somebody_else_are_not_exported(
    registry: Registry, tmp_path: Path, source: dict[str, Any], words: str
):
    database = {"secretRef": {"name": "db"}, "source": source}
    result = in_a_cluster(registry, tmp_path, "--keep", "1", "--export", str(tmp_path / "x"), database=database)
    assert (result.exit_code, words in result.stderr, archived(registry)) == (2, True, [])
