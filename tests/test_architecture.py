"""The rooms and what each may import (style.md section 1): the table is held here, not in memory."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "syncd"

PURE = frozenset({"errors", "model", "richtext", "mapping", "reconcile"})
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "world": frozenset(),
    "model": frozenset({"errors"}),
    "richtext": frozenset({"errors", "model"}),
    "mapping": frozenset({"errors", "model", "richtext"}),
    "reconcile": frozenset({"errors", "model", "richtext"}),
    "connectors": frozenset({"errors", "model", "world"}),
    "store": frozenset({"errors", "model", "world"}),
    "settings": frozenset({"errors", "model", "mapping"}),
    "report": PURE,
    "engine": PURE | {"world", "connectors", "store", "settings"},
    "sandbox": frozenset({"errors", "model", "world"}),
    "console": PURE | {"world", "connectors", "store", "settings", "engine", "report"},
    "cli": PURE | {"world", "connectors", "store", "settings", "engine", "report", "sandbox", "console"},
    "__main__": frozenset({"cli"}),
    "__init__": frozenset(),
}

BANNED_IN_PURE_ROOMS = frozenset({"httpx", "asyncio", "os", "time", "random", "structlog", "pathlib", "socket"})
EFFECTS = frozenset({"time", "random", "secrets", "uuid"})
"""Modules whose clock, dice and sleep come only through `syncd.world`."""
EFFECT_CALLS = frozenset({"asyncio.sleep", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"})
EFFECT_CALLS_ALLOWED = frozenset({"world"})


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield every imported module's dotted name, with the names taken from `from syncd import ...`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            base = node.func.value
            if isinstance(base, ast.Name):
                yield f"{base.id}.{node.func.attr}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_rooms_above_it(path: Path) -> None:
    room = room_of(path)
    tree = ast.parse(path.read_text())
    used = {name.split(".")[1] for name in imports(tree) if name.startswith("syncd.")}
    allowed = MAY_IMPORT[room] | {room}
    assert used <= allowed, f"{room} may not import {sorted(used - allowed)}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_effects_come_through_the_world(path: Path) -> None:
    room = room_of(path)
    tree = ast.parse(path.read_text())
    top = {name.split(".")[0] for name in imports(tree)}
    if room in PURE:
        assert not top & BANNED_IN_PURE_ROOMS
        assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))
    if room != "world":
        assert not top & EFFECTS, f"take {sorted(top & EFFECTS)} from syncd.world"
    if room not in EFFECT_CALLS_ALLOWED:
        assert not set(calls(tree)) & EFFECT_CALLS


def test_connectors_do_not_know_each_other() -> None:
    for path in modules():
        parts = path.relative_to(PACKAGE).parts
        if parts[0] != "connectors" or len(parts) < 3:
            continue
        tools = {
            name.split(".")[2]
            for name in imports(ast.parse(path.read_text()))
            if name.count(".") >= 2 and name.startswith("syncd.connectors.")
        }
        folders = {p.name for p in (PACKAGE / "connectors").iterdir() if p.is_dir()}
        assert tools & folders <= {parts[1]}
