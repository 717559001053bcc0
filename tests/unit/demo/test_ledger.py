import numpy as np
import pytest

from demo.ledger import Ledger, label_to_patch


@pytest.fixture
def ledger() -> Ledger:
    """Four flights answered by A at 100, two by B at 110; the last one never told."""
    book = Ledger(6)
    book.predicted(slice(0, 4), "A", 100.0)
    book.predicted(slice(4, 6), "B", 110.0)
    book.labelled(np.array([1, 0]), 101.0)
    book.labelled(np.array([3, 2, 4]), 112.0)
    return book


def test_labels_come_in_the_order_of_their_commits(ledger: Ledger):
    assert list(ledger.labels("A", 99, 101)) == [101, 101, 112, 112]


def test_only_the_version_counts(ledger: Ledger):
    assert list(ledger.labels("B", 0, 999)) == [112]


def test_a_window_holds_its_start_and_not_its_end(ledger: Ledger):
    assert len(ledger.labels("A", 100, 101)) == 4
    assert len(ledger.labels("A", 99, 100)) == 0


def test_answered_flights_need_no_label(ledger: Ledger):
    assert list(np.flatnonzero(ledger.answered("B", 110, 111))) == [4, 5]


@pytest.mark.parametrize(
    ("samples", "window_end", "milliseconds"),
    [
        pytest.param(2, 10.0, 500.0, id="the window closed after the last label needed"),
        pytest.param(3, 10.0, 250.0, id="the last label needed came after the window closed"),
        pytest.param(1, 0.0, 9500.0, id="labels that were not judged do not count"),
    ],
)
def test_label_to_patch_counts_from_whichever_came_last(samples: int, window_end: float, milliseconds: float):
    labels = np.array([1.0, 2.0, 10.25])
    assert label_to_patch(labels, samples, window_end, patched=10.5) == milliseconds


@pytest.mark.parametrize("samples", [0, 4])
def test_label_to_patch_refuses_what_cannot_be(samples: int):
    with pytest.raises(ValueError, match="labels were judged"):
        label_to_patch(np.array([1.0, 2.0, 3.0]), samples, 0.0, 4.0)
