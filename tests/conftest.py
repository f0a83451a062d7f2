"""Fixtures for every room, and the figures shown at the end of a run."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest
import structlog

from tests import databases

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")  # the same cases every time, however busy the machine

TALLIES = "contract_tallies"
"""Key under which a parallel worker hands its figures to the controller."""

STORY = "the three-tool story"
"""Under which the story records its figures, line by line."""

STORE: Final = "store"
"""Under which each test records the kind of store it ran with."""

_seen: Counter[str] = Counter()


@pytest.fixture(params=databases.KINDS)
def stores(request: pytest.FixtureRequest) -> Iterator[databases.Stores]:
    """Lend fresh stores; whoever asks for them runs once with each kind of database."""
    request.node.user_properties.append((STORE, request.param))
    with databases.stores_of(request.param) as lent:
        yield lent


@pytest.fixture
def contracts_dir() -> Path:
    """Return the folder of the vendors' contracts; skips where there is none."""
    from tests.contracts.openapi import contracts_folder

    return contracts_folder()


def _figures() -> Counter[str]:
    """Return what this process put before the vendors' schemas, by label; loads nothing that was not used."""
    figures: Counter[str] = Counter()
    if openapi := sys.modules.get("tests.contracts.openapi"):
        tally = openapi.OpenApiContract.tally
        figures["OpenAPI requests"] += tally.requests
        figures["OpenAPI answers"] += tally.responses
        figures["OpenAPI violations"] += tally.violations
        for reason, count in tally.exceptions.items():
            figures[f"exception, {reason}"] += count
    if graphql := sys.modules.get("tests.contracts.graphql"):
        figures["GraphQL requests"] += graphql.TALLY.requests
        figures["GraphQL answers"] += graphql.TALLY.answers
        figures["GraphQL violations"] += len(graphql.TALLY.problems)
    return figures


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop what was started for all tests, and hand a worker's figures to the controller."""
    if not session.config.getoption("collectonly"):  # one that only collects, inside another, leaves its server alone
        databases.stop_server()
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[TALLIES] = dict(_figures())


class _Sum:
    """Adds up the workers' figures; registered only where pytest-xdist knows the hook."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - xdist's own type is not public
        """Take in the figures of a worker that has finished."""
        _seen.update(getattr(node, "workeroutput", {}).get(TALLIES, {}))


def pytest_configure(config: pytest.Config) -> None:
    """Listen to workers."""
    config.pluginmanager.register(_Sum(), "contract-figures")


def _tell_story(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures that the three-tool story recorded, whichever process told it."""
    told = [
        str(text)
        for report in terminalreporter.getreports("passed")
        for name, text in report.user_properties
        if name == STORY
    ]
    if told:
        terminalreporter.section(STORY)
        for line in told:
            terminalreporter.line(line)


def _tell_stores(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how many tests passed with each kind of store: the same suite, the same counts."""
    passed = Counter(
        str(kind)
        for report in terminalreporter.getreports("passed")
        for name, kind in report.user_properties
        if name == STORE and report.when == "call"
    )
    if passed:
        terminalreporter.section("tests passed with each store")
        for kind in databases.KINDS:
            terminalreporter.line(f"{passed[kind]:8} {kind}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the story's figures, the stores', and those of all processes together."""
    _tell_story(terminalreporter)
    _tell_stores(terminalreporter)
    figures = _figures()
    figures.update(_seen)  # keeps the zeros, which are worth showing
    if not any(figures.values()):
        return
    terminalreporter.section("put before the vendors' schemas")
    for label, count in sorted(figures.items()):
        terminalreporter.line(f"{count:8} {label}")
