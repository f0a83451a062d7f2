"""The recommended mapping fits a real site's description, word for word."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from syncd.connectors.jira import TOOL
from syncd.connectors.jira.fields import VERSION_STATUSES
from syncd.mapping.against import check_against
from syncd.mapping.compiled import CompiledMapping
from syncd.mapping.people import PeopleDirectory
from syncd.mapping.schema import DefaultsFile
from syncd.model.canonical import OPT_IN, Kind, MilestoneStatus, Status
from syncd.model.native import Choice, NativeField
from syncd.model.refs import ConnectionName
from tests.connectors.jira.bench import make_site
from tests.mapping.places import A, B, Links, compiled

FILE = "version: 1\nextends: defaults\n"


def make_mapping() -> CompiledMapping:
    return compiled(FILE, {A: TOOL.defaults(), B: TOOL.defaults()})


def test_the_defaults_are_a_valid_mapping_of_every_kind() -> None:
    defaults = DefaultsFile.model_validate(YAML(typ="safe").load(TOOL.defaults()))
    assert set(defaults.kinds) == set(Kind)
    for kind in set(Kind) - OPT_IN:
        assert {f"{kind}.title", f"{kind}.status", f"{kind}.description"} <= defaults.fields.keys()


@pytest.mark.contracts
async def test_the_defaults_fit_what_the_stand_in_describes() -> None:
    description = await make_site().connect().describe()
    problems = check_against(make_mapping(), A, description)
    assert [str(error) for error in (*problems.found, *problems.warnings)] == []


@pytest.mark.contracts
async def test_every_status_and_priority_is_understood() -> None:
    description = await make_site().connect().describe()
    mapping = make_mapping().with_description(A, description)
    checked = 0
    for native in description.fields:
        kind = next((mapping.kind_of(A, name) for name in native.record_types), None)
        if kind is None or native.key not in {"status", "priority"}:
            continue
        readings = {option.label: reading(mapping, A, kind, native, option) for option in native.options}
        assert None not in readings.values(), readings
        if native.key == "status":
            known = {str(one) for one in (MilestoneStatus if kind is Kind.MILESTONE else Status)}
            assert set(readings.values()) <= known
            checked += len(readings)
    assert checked > 2 * len(VERSION_STATUSES)


def reading(
    mapping: CompiledMapping, connection: ConnectionName, kind: Kind, native: NativeField, option: Choice
) -> str | None:
    record_type = min(native.record_types)
    container = min(native.containers) if native.containers else "PMO"
    lens = mapping.lens(
        connection,
        kind,
        native.key,
        record_type=record_type,
        container=container,
        lookup=Links(),
        people=PeopleDirectory(),
    )
    value = lens.get(option) if lens else None
    return value if isinstance(value, str) else None
