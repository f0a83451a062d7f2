"""The recommended mapping fits a Redmine."""

from __future__ import annotations

from collections.abc import Mapping

from ruamel.yaml import YAML

from syncd.connectors.redmine import TOOL
from syncd.mapping.against import check_against
from syncd.mapping.compile import Source, compile_mapping
from syncd.mapping.compiled import CompiledMapping
from syncd.model.canonical import Kind
from tests.connectors.redmine.site import NAME, Site


def compiled(extra: Mapping[str, object] | None = None) -> CompiledMapping:
    """Return the defaults alone as a portfolio's mapping."""
    own = Source({"version": 1, "extends": "defaults", **(extra or {})}, lambda path: f"own:{path}")
    defaults = Source(YAML(typ="safe").load(TOOL.defaults()), lambda path: f"defaults.yaml:{path}")
    return compile_mapping(own, {NAME: defaults})


def test_the_defaults_compile_without_a_warning() -> None:
    mapping = compiled()
    assert mapping.warnings == ()
    kinds = mapping.kinds[NAME]
    assert kinds == {
        "Epic": Kind.INITIATIVE,
        "version": Kind.MILESTONE,
        "Feature": Kind.TASK,
        "Bug": Kind.TASK,
        "Support": Kind.TASK,
    }


async def test_the_defaults_fit_the_site(site: Site) -> None:
    connector, _ = site.connect()
    problems = check_against(compiled(), NAME, await connector.describe())
    assert [str(problem) for problem in problems.found] == []
    assert [str(warning) for warning in problems.warnings] == []
