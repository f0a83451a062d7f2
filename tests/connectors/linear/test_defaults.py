"""The recommended mapping: every line of it finds its field in an ordinary workspace, and means something there."""

from __future__ import annotations

from collections import Counter

from ruamel.yaml import YAML

from syncd.connectors.linear import TOOL
from syncd.mapping.bind import holders_of, named
from syncd.mapping.compile import Source, compile_mapping
from syncd.model.canonical import FIELDS, Kind
from syncd.model.native import MISSING, Person
from syncd.model.refs import ConnectionName, EntityId, PersonId, Ref
from tests.connectors.linear.rig import NAME, Rig

ALL = frozenset({"issue", "project", "initiative", "milestone", "iteration", "comment"})


class Everything:
    """Everybody is known by their login, everything is linked under its own id."""

    def entity_of(self, ref: Ref) -> EntityId | None:
        return EntityId(f"{ref.kind} {ref.id}")

    def refs_of(self, entity: EntityId, connection: ConnectionName) -> tuple[tuple[Ref, str], ...]:
        kind, _, ref_id = entity.partition(" ")
        return ((Ref(connection, kind, ref_id), "API"),)

    def person_of(self, connection: ConnectionName, person: Person) -> PersonId | None:
        return PersonId(f"{connection}:{person.login}")

    def expects(self, connection: ConnectionName, person: PersonId) -> bool:
        return person.startswith(connection)

    def native_of(self, connection: ConnectionName, person: PersonId) -> Person | None:
        return Person(person.removeprefix(f"{connection}:"))


async def test_every_default_finds_a_field_of_its_type_in_an_ordinary_workspace(rig: Rig) -> None:
    described = await rig.connector.describe()
    data = YAML(typ="safe").load(TOOL.defaults())
    types = {Kind(kind): set([types] if isinstance(types, str) else types) for kind, types in data["kinds"].items()}
    for path, side in data["fields"].items():
        kind, _, name = path.partition(".")
        key = side if isinstance(side, str) else side["field"]
        found = [field for field in named(described.fields, key) if field.record_types & types[Kind(kind)]]
        assert found, f"{path}: no field {key}"
        assert {field.type for field in found} <= set(holders_of(FIELDS[Kind(kind)][name].type)), path


async def test_the_seeded_portfolio_reads_without_a_gap_by_the_defaults_alone() -> None:
    rig = Rig(items=60)
    rig.connector.focus(ALL)
    rig.add("comment", (await rig.changes())[-1].ref.id, body="Well *said*")
    defaults = Source(YAML(typ="safe").load(TOOL.defaults()), lambda _: "defaults.yaml")
    stated = {
        "version": 1,
        "extends": "defaults",
        "kinds": {"comment": {NAME: "comment"}, "iteration": {NAME: "iteration"}},
    }
    mapping = compile_mapping(Source(stated, lambda _: "platform.yaml"), {NAME: defaults}).with_description(
        NAME, await rig.connector.describe()
    )
    world = Everything()
    kinds: Counter[Kind] = Counter()
    gaps: list[str] = []
    for record in await rig.changes():
        kind = mapping.kind_of(NAME, record.type)
        assert kind is not None, record.type
        kinds[kind] += 1
        for name in mapping.fields(kind):
            place = {"record_type": record.type, "container": record.container}
            key = mapping.key_in(NAME, kind, name, **place)
            lens = mapping.lens(NAME, kind, name, **place, lookup=world, people=world)
            if key is None or lens is None or key not in record.fields:
                continue
            native = record.fields[key]
            value = lens.get(native)
            if value is MISSING:
                gaps.append(f"{record.key} {name}")
            else:
                assert lens.put(value, native) == native, f"{record.key} {name}"
    assert set(kinds) == set(Kind)
    assert gaps == []
    await rig.client.aclose()
