import re

from demo.outcome import Outcome

LINE = re.compile(
    r"demo: OK rolled back \S+ -> \S+, R2 -?\d+\.\d+ -> -?\d+\.\d+, RMSE \d+\.\d+ -> \d+\.\d+, "
    r"\d+ samples, label to patch \d+ ms"
)


def test_the_last_line_reads_from_the_bad_version_to_the_good_one():
    outcome = Outcome("20260106_091500", "20260105_143022", (0.3046, 0.7962), (40.13, 19.89), 12_692, 380.6)
    assert str(outcome) == (
        "demo: OK rolled back 20260106_091500 -> 20260105_143022, R2 0.305 -> 0.796, RMSE 40.1 -> 19.9, "
        "12692 samples, label to patch 381 ms"
    )


def test_a_script_can_read_the_last_line():
    assert LINE.fullmatch(str(Outcome("b", "a", (-0.2, 0.8), (40.0, 9.0), 1, 0.0)))
