"""
Writing another name for a connection into the configuration: spliced in, so that comments and layout survive.

Only what stands for the connection is changed: a label or a value that is
spelt alike is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from syncd.errors import ConfigError
from syncd.settings.yaml import read_yaml

MAIN_FILE: Final = "syncd.yaml"
_BOM: Final = "\ufeff"
_ANY: Final = "*"

KEYS: Final = (
    ("connections",),
    ("kinds", _ANY),
    ("fields", _ANY),
    ("create", _ANY, "in"),
)
"""Groups whose keys are names of connections; a list counts as what is in it."""

VALUES: Final = (
    ("portfolios", _ANY, "connections"),
    ("match", _ANY, "connection"),
    ("match", _ANY, "names"),
    ("create", _ANY, "from"),
    ("create", _ANY, "in"),
    ("create", _ANY, "in", "connection"),
    ("fields", _ANY, "leader"),
    ("fields", _ANY, "policy", "order"),
)
"""Places whose values are names of connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """The configuration with another name in it; nothing is written yet."""

    texts: Mapping[Path, str] = field(default_factory=dict, repr=False)
    """Every file that was looked at, as it is to be, in the order in which it is to be written."""
    changed: tuple[Path, ...] = ()
    """Those that are not so yet."""
    declared: bool = True
    """The old name, or the new one, stands under `connections`."""


def edit_folder(folder: Path, old: str, new: str) -> Edited:
    """
    Return the files of *folder* with *new* in place of *old*; the main file comes last.

    Raises:
        ConfigProblems: a file is not YAML.
        ConfigError: a file cannot be read, or both names are declared.
    """
    main = folder / MAIN_FILE
    before = {main: _read(main)}
    data = read_yaml(before[main].removeprefix(_BOM), str(main)).data
    names = _group(data, "connections")
    if old in names and new in names:
        raise ConfigError(f'"{new}" is another connection', where=str(main), fix="choose another name")
    people: dict[Path, str] = {}
    for portfolio in _group(data, "portfolios").values():
        if not isinstance(portfolio, dict) or not {old, new} & {str(each) for each in portfolio.get("connections", ())}:
            continue
        path = folder / str(portfolio.get("mapping"))
        before[path] = _read(path)
        mapping = read_yaml(before[path].removeprefix(_BOM), str(path)).data
        if isinstance(mapping, dict) and isinstance(mapping.get("people"), str):
            table = folder / mapping["people"]
            people[table] = _read(table)
    texts = {path: rename_in_yaml(text, old, new) for path, text in reversed(before.items()) if path != main}
    texts |= {path: rename_in_people(text, old, new) for path, text in people.items()}
    texts[main] = rename_in_yaml(before[main], old, new)
    held = {**before, **people}
    changed = tuple(path for path, text in texts.items() if text != held[path])
    return Edited(texts=texts, changed=changed, declared=old in names or new in names)


def _group(data: object, name: str) -> dict[str, object]:
    group = data.get(name) if isinstance(data, dict) else None
    return group if isinstance(group, dict) else {}


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else "it is not UTF-8 text"
        raise ConfigError(f"it cannot be read: {why}", where=str(path), fix="make it readable, and try again") from exc


def rename_in_yaml(text: str, old: str, new: str) -> str:
    """Return the text of a main or mapping file with *new* wherever *old* stands for a connection."""
    bare = text.removeprefix(_BOM)
    root = YAML(typ="rt", pure=True).compose(StringIO(bare, newline=""))
    spots = sorted(_spots(root, (), old), reverse=True) if root is not None else []
    for start, end in spots:
        bare = bare[:start] + bare[start:end].replace(old, new) + bare[end:]
    return bare if bare == text or not text.startswith(_BOM) else _BOM + bare


def _spots(node: Node, path: tuple[str, ...], old: str) -> Iterator[tuple[int, int]]:
    """Yield where the name stands, from and to which character."""
    match node:
        case MappingNode():
            for key, value in node.value:
                if _is_at(path, KEYS) and key.value == old:
                    yield key.start_mark.index, key.end_mark.index
                yield from _spots(value, (*path, str(key.value)), old)
        case SequenceNode():
            for each in node.value:
                yield from _spots(each, path, old)
        case ScalarNode() if node.value == old and _is_at(path, VALUES):
            yield node.start_mark.index, node.end_mark.index


def _is_at(path: tuple[str, ...], places: tuple[tuple[str, ...], ...]) -> bool:
    return any(
        len(path) == len(place) and all(want in (_ANY, name) for want, name in zip(place, path, strict=True))
        for place in places
    )


def rename_in_people(text: str, old: str, new: str) -> str:
    """Return a people file with *new* in the header's cell that says *old*."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        bare = line.removeprefix(_BOM).strip()
        if bare and not bare.startswith("#"):
            cell = rf'(^|,)([ \t]*"?){re.escape(old)}("?[ \t]*)(?=,|\r|\n|$)'
            lines[number] = re.sub(cell, rf"\g<1>\g<2>{new}\g<3>", line, count=1)
            break
    return "".join(lines)
