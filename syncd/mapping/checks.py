"""What can be proved about a mapping from its files alone: that no value a tool can hold makes two tools flap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from syncd.mapping.lenses.table import TableLens
from syncd.mapping.problems import Place, Problems
from syncd.mapping.spec import Entry, Form, SideSpec, fold
from syncd.model.canonical import FieldType, Value
from syncd.model.lens import Cannot, Lens
from syncd.model.native import MISSING, Choice, Native, NativeField, NativeType
from syncd.model.policy import Direction, Leader, Order
from syncd.model.refs import ConnectionName

if TYPE_CHECKING:
    from syncd.mapping.compiled import CompiledMapping


def check_laws(lens: Lens, natives: Iterable[Native], values: Sequence[Value]) -> list[str]:
    """
    Try the laws L1 to L3 (merge-semantics.md section 1) on every pair, and name each pair that breaks one.

    Exhaustive for a closed domain when *natives* and *values* are all there are.
    """
    broken: list[str] = []
    for native in natives:
        value = lens.get(native)
        if value is not MISSING:
            kept = lens.put(value, native)
            if kept != native:
                broken.append(f"{_shown(native)} reads as {value}, which is written as {_shown(kept)}")
        for wanted in values:
            once = lens.put(wanted, native)
            if isinstance(once, Cannot):
                continue
            if lens.put(wanted, once) != once:
                broken.append(f"writing {wanted} over {_shown(native)} gives {_shown(once)}, and then something else")
            if lens.get(once) is MISSING:
                broken.append(f"writing {wanted} over {_shown(native)} gives {_shown(once)}, which cannot be read")
    return broken


def _shown(native: Native | Cannot) -> str:
    return f'"{native.label}"' if isinstance(native, Choice) else str(native)


def check_table(side: SideSpec, problems: Problems) -> None:
    """Refuse a value table in which one option stands for two canonical values, or whose fallbacks go in circles."""
    if side.spec.type is not FieldType.CHOICE:
        return
    claims: dict[tuple[Form, str], tuple[str, Entry]] = {}
    clean = True
    for value, entries in side.values.items():
        for entry in entries:
            other, first = claims.setdefault((entry.form, fold(entry.text)), (value, entry))
            if other != value:
                clean = False
                problems.add(
                    entry.place,
                    f"{entry} stands for both {other} and {value} in {side.name}, so one would turn into the other "
                    f"(the other one: {first.place})",
                    "keep it under one of them",
                )
    if _loops(side, problems) and clean:
        lens = TableLens(side, _imagined(side))
        natives: list[Native] = [None, *lens.options]
        for told in check_laws(lens, natives, side.spec.options):
            problems.add(side.place, f"the value table of {side.name} is not stable: {told}", "correct the table")


def _loops(side: SideSpec, problems: Problems) -> bool:
    """Refuse fallbacks that go in circles; return whether there are none."""
    for start in side.fallback:
        seen = [start]
        while (following := side.fallback.get(seen[-1])) is not None and following not in seen:
            seen.append(following)
        if following == start:
            problems.add(
                side.place,
                f"the fallbacks of {side.name} go in a circle: {' -> '.join([*seen, start])}",
                f"end it, as in fallback: {{{start}: none}}",
            )
            return False
    return True


def _imagined(side: SideSpec) -> NativeField:
    """Return a field with just the options the table speaks of."""
    options: list[Choice] = []
    for entries in side.values.values():
        for entry in entries:
            match entry.form:
                case Form.LABEL | Form.WORDS:
                    options.append(Choice(id=entry.text, label=entry.text))
                case Form.ID:
                    options.append(Choice(id=entry.text, label=f"the option {entry.text}"))
                case Form.CATEGORY:
                    options.append(
                        Choice(id=str(entry), label=f"an option of category {entry.text}", category=entry.text)
                    )
                case Form.EMPTY:
                    pass
    return NativeField(key=side.native, label=side.native, type=NativeType.CHOICE, options=tuple(options))


def check_policies(mapping: CompiledMapping, place: Place, problems: Problems) -> None:
    """Warn about a policy that names a connection without a say in the field."""
    for (kind, name), policy in mapping.policies.items():
        at = place / f"{kind}.{name}"
        sides = {side.connection: side for key, side in mapping.sides.items() if key[1:] == (kind, name)}
        ranked: tuple[ConnectionName, ...] = (policy.connection,) if isinstance(policy, Leader) else ()
        if isinstance(policy, Order):
            ranked = policy.connections
        for connection in ranked:
            side = sides.get(connection)
            if connection in mapping.connections and (side is None or side.direction is Direction.WRITE):
                why = "does not hold" if side is None else "is only written (direction: write) in"
                problems.warn(
                    at,
                    f"{connection} is to settle {kind}.{name}, but {why} it, so disagreements are held",
                    f"map the field there, or name one of {', '.join(sides)}",
                )
