from __future__ import annotations

from datetime import date

import pytest

from syncd.sandbox.portfolio import as_shown_by, make_portfolio

TODAY = date(2026, 11, 20)


def test_the_default_portfolio_is_large_enough_to_be_believed() -> None:
    portfolio = make_portfolio(None, TODAY)
    assert len(portfolio.initiatives) >= 4
    assert len(portfolio.milestones) >= 8
    assert len(portfolio.tasks) >= 80
    both = [task for task in portfolio.tasks if task.in_jira and task.in_github]
    assert len(both) > len(portfolio.tasks) / 2
    assert any(not task.in_github for task in portfolio.tasks)
    assert any(not task.in_jira for task in portfolio.tasks)
    drifted = {field for task in both for fields in task.drift.values() for field in fields}
    assert drifted >= {"due_on", "status", "estimate"}
    assert any(milestone.drift for milestone in portfolio.milestones)


def test_the_same_day_and_size_give_the_same_portfolio() -> None:
    assert make_portfolio(50, TODAY) == make_portfolio(50, TODAY)


@pytest.mark.parametrize("items", [1, 20, 84, 1000])
def test_titles_are_unique_and_every_reference_holds(items: int) -> None:
    portfolio = make_portfolio(items, TODAY)
    assert len(portfolio.tasks) == items
    for seeds in (portfolio.initiatives, portfolio.milestones, portfolio.tasks):
        assert len({seed.title for seed in seeds}) == len(seeds)
    keys = {seed.key for seeds in (portfolio.initiatives, portfolio.milestones, portfolio.tasks) for seed in seeds}
    for task in portfolio.tasks:
        assert {task.parent, *task.depends_on, *([task.milestone] if task.milestone else [])} <= keys
        assert task.in_jira or task.in_github


def test_nothing_is_in_an_empty_portfolio_but_people() -> None:
    portfolio = make_portfolio(0, TODAY)
    assert (portfolio.initiatives, portfolio.milestones, portfolio.tasks) == ((), (), ())
    assert portfolio.people


def test_tools_disagree_exactly_where_the_seed_says_so() -> None:
    task = make_portfolio(None, TODAY).tasks[0]
    assert (as_shown_by("jira", task).estimate, as_shown_by("github", task).estimate) == (3, 8)
    assert as_shown_by("redmine", task) == task
