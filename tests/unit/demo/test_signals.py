import signal

import pytest

from demo.signals import ENDINGS, Interruption, interruptible, undisturbed


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_first_signal_ends_the_demo_and_the_next_ones_wait(ending: signal.Signals):
    def end_twice() -> None:
        try:
            signal.raise_signal(ending)
        finally:
            signal.raise_signal(ending)

    with pytest.raises(Interruption, match=ending.name), interruptible():
        end_twice()


def test_the_old_handlers_come_back():
    before = [signal.getsignal(ending) for ending in ENDINGS]
    with interruptible():
        pass
    assert [signal.getsignal(ending) for ending in ENDINGS] == before


def test_a_signal_waits_until_what_starts_is_known():
    known = []

    def start() -> None:
        with undisturbed():
            signal.raise_signal(signal.SIGTERM)
            known.append("database")

    with pytest.raises(Interruption), interruptible():
        start()
    assert known == ["database"]
