"""What cannot be done is said in a sentence with what to do about it, and nothing is changed."""

from collections.abc import Callable, Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from builders import NAME, A, B
from registry import BAD, GOOD, Registry, guide, monitor, shell
from rows import Row

CALLS = {
    "a threshold of 0": (["check", "--threshold", "0"], "Invalid value for '--threshold': 0 is not above 0"),
    "a threshold below 0": (["check", "--threshold", "-3"], "Invalid value for '--threshold': -3 is not above 0"),
    "a threshold of 250": (["check", "--threshold", "250"], "Invalid value for '--threshold': 250 is not above 0"),
    "a threshold that is no number": (["check", "--threshold", "abc"], "Invalid value for '--threshold': 'abc' is not"),
    "a threshold that is not a number": (["check", "--threshold", "nan"], "Invalid value for '--threshold'"),
    "a window that is none": (["explain", "--window", "soon"], "'soon' is not a duration such as 90d, 24h or 10m"),
    "a window of nothing": (["explain", "--window", "0s"], "the window must be at least 0:00:01"),
    "one version twice": (["compare", A, A], f"{A} cannot be compared with itself"),
    "only one version": (["compare", A], "Missing argument 'PREVIOUS'"),
    "a history of nothing": (["history", "0"], "Invalid value for '[NUMBER]': 0 is not in the range x>=1"),
    "an archive of everything": (["archive"], "say what is old: --older-than 90d, --keep 5, or both"),
    "rows deleted for nothing": (["archive", "--keep", "3", "--delete-predictions"], "needs --export FILE"),
    "an archive both ways": (["archive", "--keep", "3", "--restore", "x"], "--restore stands alone"),
    "an unknown verb": (["promote"], "No such command 'promote'"),
    "a form that there is not": (["status", "-o", "xml"], "Invalid value for '-o' / '--output'"),
}


@pytest.mark.parametrize(("arguments", "words"), CALLS.values(), ids=CALLS)
def test_is_wrong_use_and_ends_with_2(database_url: str, arguments: list[str], words: str):
    registry = guide(database_url)
    result = shell(database_url)(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert registry.production == [B]


UNKNOWN = {
    "rollback": ["rollback", "nowhere", "--yes"],
    "compare": ["compare", B, "nowhere"],
    "compare the other way": ["compare", "nowhere", B],
}


@pytest.mark.parametrize("arguments", UNKNOWN.values(), ids=UNKNOWN)
def test_S18_an_unknown_version_lists_those_there_are(database_url: str, arguments: list[str]):
    guide(database_url)
    result = shell(database_url)(*arguments)
    assert result.exit_code == 1
    assert f"no version 'nowhere'; there are: {B} (in production), {A}" in result.stderr


def test_S18_the_guides_flag_lists_them_too(database_url: str):
    registry = guide(database_url)
    result = monitor(database_url)("--rollback", "nowhere")
    assert result.exit_code == 1
    assert f"there are: {B} (in production), {A}" in result.stderr
    assert registry.production == [B]


@pytest.mark.parametrize("verb", [["status"], ["check"], ["history"], ["rollback", "--yes"], ["explain"]])
def test_two_models_and_none_named_is_the_list_and_2(database_url: str, verb: list[str]):
    guide(database_url)
    guide(database_url, model="churn", environment="staging")
    run = shell(database_url)
    result = run(*verb)
    assert result.exit_code == 2
    assert "churn (staging), house-prices: name one with --model and --environment" in result.stderr
    assert run("status", "--model", NAME).exit_code == 0
    assert run("status", "--environment", "staging").exit_code == 0


def test_one_model_in_two_environments_wants_one_named(database_url: str):
    guide(database_url)
    guide(database_url, environment="staging")
    run = shell(database_url)
    assert run("status", "--model", NAME).exit_code == 2
    assert run("status", "--environment", "").exit_code == 0


def test_an_unknown_model_lists_those_there_are(database_url: str):
    guide(database_url)
    result = shell(database_url)("check", "--model", "home-prices")
    assert result.exit_code == 1
    assert "knows no model 'home-prices'; there are: house-prices" in result.stderr


def test_an_empty_registry_says_what_to_write_and_whose_predictions_there_are(database_url: str):
    Registry(database_url).predict(A, GOOD, hours_ago=2)
    result = shell(database_url)("check")
    assert result.exit_code == 1
    assert "model_versions is empty: insert a row for each version" in result.stderr
    assert "model_predictions has rows of house-prices" in result.stderr


@pytest.mark.parametrize(
    "verb", [["status"], ["check"], ["history"], ["rollback", "--yes"], ["archive", "--keep", "1"]]
)
def test_a_database_without_tables_is_told_to_init(make_database: Callable[..., str], verb: list[str]):
    result = shell(make_database(migrated=False))(*verb)
    assert result.exit_code == 1
    assert 'relation "model_versions" does not exist' in result.stderr
    assert "modelward db init" in result.stderr


def test_a_database_of_an_older_version_is_told_to_init(database_url: str):
    registry = guide(database_url)
    registry.ask("DROP TABLE modelward.audit")
    result = shell(database_url)("rollback", "--yes")
    assert result.exit_code == 1
    assert "modelward db init" in result.stderr


@pytest.mark.parametrize("verb", [["status"], ["check"], ["rollback", "--yes"], ["rollback", A, "--yes"], ["explain"]])
def test_no_version_in_production_is_said(database_url: str, verb: list[str]):
    registry = guide(database_url)
    registry.ask("UPDATE model_versions SET is_production = false")
    result = shell(database_url)(*verb)
    assert result.exit_code == 1
    assert "has no version in production: set is_production = true" in result.output
    assert f"There are: {B}, {A}" in result.output


@pytest.mark.parametrize(("verb", "code"), [(["check"], 5), (["rollback", "--yes"], 1), (["status"], 0)])
def test_S21_only_one_version_is_said(database_url: str, verb: list[str], code: int):
    registry = Registry(database_url)
    registry.register(B, days_ago=1, production=True)
    registry.predict(B, BAD, hours_ago=2)
    result = shell(database_url)(*verb)
    assert result.exit_code == code
    assert B in result.output
    assert registry.production == [B]


def test_no_url_at_all_is_said():
    result = shell("")("status")
    assert result.exit_code == 2
    assert "give a database URL, or set DATABASE_URL" in result.stderr


def test_a_url_that_is_none_is_not_repeated():
    result = shell("s3cr3t nonsense")("status")
    assert result.exit_code == 2
    assert "none such as postgresql://user:password@host:5432/database" in result.stderr
    assert "s3cr3t" not in result.output


@pytest.mark.parametrize("changes", [{"port": "1"}, {"password": "s3cr3t-wrong"}, {"dbname": "s3cr3t-db"}])
def test_S20_a_database_that_does_not_answer_is_a_sentence_and_1(database_url: str, changes: dict[str, str]):
    url = make_conninfo(**{**conninfo_to_dict(database_url), **changes})
    for verb in (["check"], ["rollback", "--yes"], ["history"], ["compare", A, B]):
        result = shell(url)(*verb)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")
        assert "s3cr3t" not in result.output
        assert "Traceback" not in result.output


# -- rows that say nothing -------------------------------------------------------------------------------------------


def test_constant_actuals_leave_r2_out_and_rmse_decides(database_url: str):
    registry = guide(database_url)
    registry.ask("UPDATE model_predictions SET actual = 7, prediction = 7 + 1e3 * (model_version = %s)::int + 1", B)
    result = shell(database_url)("check", "--dry-run")
    assert result.exit_code == 3
    assert "R2 undefined -> undefined (the actuals do not vary)" in result.stdout
    compared = shell(database_url)("compare", B, A, "-o", "json").stdout
    assert '"r2_change": null' in compared


@pytest.mark.parametrize("value", ["NaN", "Infinity", None])
def test_predictions_that_are_no_numbers_are_never_a_verdict(database_url: str, value: str | None):
    registry = guide(database_url)
    registry.ask("UPDATE model_predictions SET prediction = %s::float8 WHERE model_version = %s", value, B)
    run = shell(database_url)
    result = run("check")
    assert (result.exit_code, registry.production) == (5, [B])
    assert "missing, NaN, infinite" in result.stdout
    assert run("history", "-o", "json").exit_code == 0


def test_rows_of_another_version_are_named(database_url: str):
    registry = guide(database_url)
    registry.ask("UPDATE model_predictions SET model_version = 'typo' WHERE model_version = %s", B)
    result = shell(database_url)("check")
    assert result.exit_code == 5
    assert "typo (120)" in result.stdout


def test_hostile_names_are_only_names(database_url: str):
    name = "x'; DROP TABLE model_versions; --"
    registry = guide(database_url, model=name)
    registry.insert([Row(name, B, registry.now, 1.0, 1.0, request_id=name)])
    run = shell(database_url)
    assert run("check", "--model", name, "--dry-run").exit_code == 3
    assert run("rollback", name, "--yes").exit_code == 1
    assert registry.production == [B]


# -- rights ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def visitor(database_url: str) -> Iterator[str]:
    """The URL of a user who may read and nothing else."""
    registry = Registry(database_url)
    registry.ask("DROP ROLE IF EXISTS shell_visitor")
    registry.ask("CREATE ROLE shell_visitor LOGIN PASSWORD 'visitor'")
    registry.ask("GRANT SELECT ON model_predictions, model_versions TO shell_visitor")
    registry.ask("GRANT USAGE ON SCHEMA modelward TO shell_visitor")
    registry.ask("GRANT SELECT ON modelward.audit, modelward.managed TO shell_visitor")
    yield make_conninfo(**{**conninfo_to_dict(database_url), "user": "shell_visitor", "password": "visitor"})
    registry.ask("DROP OWNED BY shell_visitor")
    registry.ask("DROP ROLE shell_visitor")


def test_a_user_who_may_only_read_looks_and_is_told_what_a_rollback_needs(database_url: str, visitor: str):
    registry = guide(database_url)
    run = shell(visitor)
    assert [run(verb).exit_code for verb in ("status", "history", "explain")] == [0, 0, 0]
    assert run("check", "--dry-run").exit_code == 3
    refused = run("rollback", "--yes")
    assert (refused.exit_code, registry.production) == (1, [B])
    assert "lacks: GRANT UPDATE ON model_versions TO" in refused.stderr
    assert "GRANT INSERT ON modelward.audit TO" in refused.stderr
    assert run("check").exit_code == 1
    registry.ask("GRANT UPDATE ON model_versions TO shell_visitor")
    registry.ask("GRANT INSERT ON modelward.audit TO shell_visitor")
    assert run("rollback", "--yes").exit_code == 0
    assert registry.production == [A]


def test_a_user_without_a_right_to_look_is_told_which(database_url: str, visitor: str):
    registry = guide(database_url)
    registry.ask("REVOKE USAGE ON SCHEMA modelward FROM shell_visitor")
    refused = shell(visitor)("status")
    assert refused.exit_code == 1
    assert "GRANT USAGE ON SCHEMA modelward TO" in refused.stderr


def test_a_session_that_is_read_only_is_named(database_url: str, visitor: str):
    registry = guide(database_url)
    registry.ask("GRANT UPDATE ON model_versions TO shell_visitor")
    registry.ask("ALTER ROLE shell_visitor SET default_transaction_read_only = on")
    run = shell(visitor)
    assert "takes no writes" in run("status").stdout
    refused = run("rollback", "--yes")
    assert (refused.exit_code, registry.production) == (1, [B])
    assert "default_transaction_read_only is set for this user" in refused.stderr
