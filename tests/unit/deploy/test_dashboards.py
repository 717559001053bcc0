"""The dashboards: as their source says, of metrics that there are, and nothing on top of another."""

import json
import re

import pytest

from boards import NAMES, choices, panels, queries, read_board
from dashboards.__main__ import BOARDS, main, write
from modelward.counts import LABELS
from modelward.scrape import FAMILIES

LINK = re.compile(r"/d/([\w-]+)")
OURS = re.compile(r"modelward_\w+")
VARIABLE = re.compile(r"\$\{?(\w+)")
BUILT_IN = {"__rate_interval", "__range", "__data"}


def documented() -> set[str]:
    """Name every series that the operator can have."""
    counted = {metric.name + end for i in LABELS for metric in i.describe() for end in ("_total", "_bucket")}
    return {family.full_name for family in FAMILIES} | counted


@pytest.mark.parametrize("name", BOARDS)
def test_what_stands_in_the_chart_is_what_the_source_makes(name: str):
    assert json.loads(write(BOARDS[name])) == read_board(name)


def test_the_check_says_so_too():
    assert main(["--check"]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_is_one_of_the_operator(name: str):
    named = {metric for _, expr in queries(read_board(name)) for metric in OURS.findall(expr)}
    assert named
    assert named <= documented()


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows_and_asks_the_chosen_data_source(name: str):
    for panel in panels(read_board(name)):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_has_a_number_of_its_own(name: str):
    numbers = [panel["id"] for panel in read_board(name)["panels"]]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_lies_on_another_or_beyond_the_edge(name: str):
    taken: set[tuple[int, int]] = set()
    for panel in read_board(name)["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not taken & cells, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_that_is_used_can_be_chosen(name: str):
    board = read_board(name)
    known = {variable["name"] for variable in board["templating"]["list"]} | BUILT_IN
    used = {variable for _, expr in queries(board) for variable in VARIABLE.findall(expr)}
    used |= {variable for selector, _ in choices(board).values() for variable in VARIABLE.findall(selector)}
    assert used <= known


def test_links_lead_to_the_other_dashboard():
    boards = [read_board(name) for name in NAMES]
    assert {uid for board in boards for uid in LINK.findall(json.dumps(board))} == {board["uid"] for board in boards}
