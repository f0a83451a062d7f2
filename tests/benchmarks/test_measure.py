"""What is measured is the child alone, and a failure is no figure."""

from __future__ import annotations

import sys

import pytest

from benchmarks.__main__ import main
from benchmarks.bars import BARS, at_most
from benchmarks.measure import BrokenRunError, figure, in_turns, ratio, run


def test_a_run_tells_processor_time_and_memory_of_the_child() -> None:
    done = run([sys.executable, "-c", "x = bytearray(60_000_000); print(sum(range(3_000_000)))"])
    assert done.output == "4499998500000"
    assert done.cpu_s > 0.01
    assert done.peak_mb > 57


def test_a_failed_run_is_told_with_its_last_words() -> None:
    with pytest.raises(BrokenRunError, match="no luck"):
        run([sys.executable, "-c", "raise SystemExit('no luck')"])


def test_runs_alternate_after_a_warm_up_of_each() -> None:
    order: list[str] = []

    def maker(name: str) -> object:
        def make() -> object:
            order.append(name)
            return name

        return make

    found = in_turns({"a": maker("a"), "b": maker("b")}, 2)  # type: ignore[dict-item] # a run is not looked into
    assert order == ["a", "b"] * 3
    assert {name: len(runs) for name, runs in found.items()} == {"a": 2, "b": 2}


def test_figures_are_medians_with_their_spread() -> None:
    assert str(figure([3.0, 1.0, 2.0])) == "2.00 (1.00-3.00)"
    assert ratio([2.0, 9.0, 4.0], [1.0, 3.0, 2.0]).middle == 2.0


def test_a_bar_is_met_up_to_its_figure() -> None:
    assert at_most("B5", "memory", 250.0, 250, " MB").met is True
    assert at_most("B5", "memory", 250.1, 250, " MB").met is False


def test_a_bar_nobody_knows_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("B9") == 2
    assert capsys.readouterr().err == f"no bar B9: there are {', '.join(BARS)}\n"
