"""YAML as plain data that remembers its lines, without the features that make files surprising."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import StringIO
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from syncd.errors import ConfigError, ConfigProblems
from syncd.mapping.problems import KeyPath, Place, dotted

_TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its data, and the line of every key and list item."""

    file: str
    """As messages name it."""
    data: object = field(default=None, repr=False)
    lines: dict[KeyPath, int] = field(default_factory=dict, repr=False)
    """Counted from 1."""

    def locate(self, path: KeyPath) -> str:
        """Return `file:line` of a value, or of its nearest parent when it is not there."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, 1)}"

    @property
    def place(self) -> Place:
        """The whole file, for messages."""
        return Place(self.locate)


def read_yaml(text: str, file: str) -> Document:
    """
    Read one YAML 1.2 document; an empty one is `None`.

    Dates stay text. Refused, each alone: syntax errors, duplicate keys,
    anchors and aliases, tags, and keys that are not text.

    Raises:
        ConfigProblems: one problem, with its line.
    """
    document = Document(file)
    try:
        root = YAML(typ="rt", pure=True).compose(StringIO(text))
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise _problem(f"{file}:{line}", f"this is not YAML: {exc.problem or exc.context}", _fix_for(exc)) from exc
    except YAMLError as exc:
        raise _problem(
            f"{file}:1", f"this is not YAML: {_first_line(exc)}", "save the file as plain UTF-8 text"
        ) from exc
    if root is None:
        return document
    data = _build(root, (), document)
    return Document(file, data, document.lines)


def _first_line(exc: Exception) -> str:
    return str(exc).strip().split("\n", maxsplit=1)[0]


def _fix_for(exc: MarkedYAMLError) -> str:
    problem = str(exc.problem or "")
    if "\\t" in problem:
        return "indent with spaces, not tabs"
    if "alias" in problem:
        return "write the value out: aliases are not allowed here"
    if "mapping values are not allowed" in problem:
        return "look for a missing quote or a wrong indentation on this line or the one before"
    return "look at this line and the one before: indentation, quotes, brackets"


def _problem(where: str, what: str, fix: str) -> ConfigProblems:
    return ConfigProblems((ConfigError(what, where=where, fix=fix),))


def _build(node: Node, path: KeyPath, document: Document) -> object:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if node.anchor is not None:
        raise _problem(
            _where(node, path, document),
            f'"&{node.anchor}" is an anchor, which is not allowed here',
            "write the value out",
        )
    match node:
        case MappingNode():
            return _build_mapping(node, path, document)
        case SequenceNode():
            return [_build(each, (*path, index), document) for index, each in enumerate(node.value)]
        case ScalarNode():
            return _scalar(node, path, document)
        case _:
            raise _problem(_where(node, path, document), "this cannot be read", "write it as text, a list or a group")


def _build_mapping(node: MappingNode, path: KeyPath, document: Document) -> dict[str, object]:
    data: dict[str, object] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode) or key.tag == f"{_TAG}merge":
            raise _problem(
                _where(key, path, document), "a key must be text", "write the keys out, without << or brackets"
            )
        name = str(key.value)
        if name in data:
            raise _problem(
                _where(key, (*path, name), document),
                f'"{name}" is there twice, first in line {document.lines[*path, name]}',
                "keep one of them",
            )
        document.lines[*path, name] = key.start_mark.line + 1
        data[name] = _build(value, (*path, name), document)
    return data


def _scalar(node: ScalarNode, path: KeyPath, document: Document) -> object:
    text = str(node.value)
    match str(node.tag).removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text.replace("_", ""), 0) if text.lstrip("+-")[:2].lower() in ("0x", "0o", "0b") else int(text)
        case "float":
            return float(text.replace(".inf", "inf").replace(".nan", "nan"))
        case "str" | "timestamp":
            return text
        case tag:
            raise _problem(_where(node, path, document), f'the tag "{tag}" is not allowed here', "write plain text")


def _where(node: Node, path: KeyPath, document: Document) -> str:
    place = f"{document.file}:{node.start_mark.line + 1}"
    return f"{place} ({dotted(path)})" if path else place
