"""Problems in configuration, collected so that all of them are told at once, each with place and fix."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from syncd.errors import ConfigError, ConfigProblems

M = TypeVar("M", bound=BaseModel)

KeyPath: TypeAlias = tuple[str | int, ...]
"""The keys (and list positions) that lead to a value in a file."""

Locate: TypeAlias = Callable[[KeyPath], str]
"""Tells where a value stands, as `file:line`; a path that is not there gives the line of its nearest parent."""


def dotted(path: KeyPath) -> str:
    """Return the keys as people write them: `create.task.in[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return ` (did you mean "...")` for a near miss, else nothing."""
    folded = {each.casefold(): each for each in allowed}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f' (did you mean "{folded[near[0]]}"?)' if near else ""


def one_of(allowed: Iterable[str]) -> str:
    """Return `use one of a, b, c`, or `use a` when there is but one."""
    names = list(allowed)
    return f"use {names[0]}" if len(names) == 1 else f"use one of {', '.join(names)}"


def article(noun: str) -> str:
    """Return the noun with `a` or `an` before it."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def quoted(value: object) -> str:
    """Return a value as a person would recognise it from the file, never longer than a line."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            text = value
        case Mapping():
            return "a group of settings"
        case list() | tuple():
            return "a list"
        case _:
            return str(value)
    limit = 60
    return f'"{text}"' if len(text) <= limit else f'"{text[:limit]}..."'


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a file: how to find lines there, and the keys that lead to it."""

    locate: Locate
    path: KeyPath = ()

    def __truediv__(self, part: str | int) -> Place:
        return Place(self.locate, (*self.path, part))

    def __str__(self) -> str:
        return f"{self.locate(self.path)} ({dotted(self.path)})" if self.path else self.locate(self.path)


@dataclass(slots=True)
class Problems:
    """What is wrong so far, and what only deserves a look."""

    found: list[ConfigError] = field(default_factory=list)
    warnings: list[ConfigError] = field(default_factory=list)

    def add(self, place: Place, what: str, fix: str) -> None:
        """Note something the operator must change. The same thing told twice counts once."""
        _note(self.found, ConfigError(what, where=str(place), fix=fix))

    def warn(self, place: Place, what: str, fix: str) -> None:
        """Note something that works, though perhaps not as meant."""
        _note(self.warnings, ConfigError(what, where=str(place), fix=fix))

    def unknown(self, place: Place, what: str, word: str, allowed: Sequence[str], *, fix: str | None = None) -> None:
        """Note a word nobody knows; *what* says what kind of word was expected (`a kind`, `a connection here`)."""
        told = f'"{word}" is not {what}{did_you_mean(word, allowed)}'
        self.add(place, told, fix or one_of(allowed))

    def raise_any(self) -> None:
        """
        Raise everything found, if there is anything: file by file as they were read, line by line.

        Raises:
            ConfigProblems: at least one problem was noted.
        """
        if self.found:
            files = list(dict.fromkeys(_file_and_line(each)[0] for each in self.found))
            raise ConfigProblems(tuple(sorted(self.found, key=lambda each: _rank(each, files))))


def _note(notes: list[ConfigError], error: ConfigError) -> None:
    if all((each.where, each.what) != (error.where, error.what) for each in notes):
        notes.append(error)


def _rank(error: ConfigError, files: list[str]) -> tuple[int, int]:
    file, line = _file_and_line(error)
    return files.index(file), line


def _file_and_line(error: ConfigError) -> tuple[str, int]:
    file, _, line = (error.where or "").partition(" (")[0].rpartition(":")
    return file, int(line) if line.isdigit() else 0


def tell(
    error: ValidationError,
    data: object,
    model: type[BaseModel],
    place: Place,
    problems: Problems,
    *,
    hide: tuple[str, ...] = (),
) -> None:
    """
    Translate what pydantic says about *data* into problems with lines and fixes.

    No value found under the keys of *hide* is repeated.
    """
    for each in error.errors(include_url=False):
        path = _path_in(data, each["loc"])
        found = "what stands here" if path and path[0] in hide else quoted(each["input"])
        what, fix = _told(each, path, model, found)
        problems.add(Place(place.locate, place.path + path), what, fix)


def validate(model: type[M], data: object, place: Place, problems: Problems, *, hide: tuple[str, ...] = ()) -> M | None:
    """
    Read *data* as *model*, noting what is wrong and going on without it.

    Returns `None` when too little is left to go on with.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        tell(error, data, model, place, problems, hide=hide)
        rest = copy.deepcopy(data)
        for each in error.errors(include_url=False):
            _cut(rest, _path_in(data, each["loc"]))
    try:
        return model.model_validate(rest)
    except ValidationError:
        return None


def _cut(data: object, path: KeyPath) -> None:
    """Take the value at *path* out of *data*; in a list it leaves a hole, so that positions stay."""
    if not path:
        return
    *parents, last = path
    for part in parents:
        data = _child(data, part)
    if isinstance(data, dict):
        data.pop(last, None)
    elif isinstance(data, list) and isinstance(last, int) and last < len(data):
        data[last] = None


_ABSENT = object()


def _child(data: object, part: str | int) -> object:
    """Return the value under one key or position, `_ABSENT` when there is none."""
    if isinstance(data, Mapping) and part in data:
        return data[part]
    if isinstance(data, list | tuple) and isinstance(part, int) and part < len(data):
        return data[part]
    return _ABSENT


def _path_in(data: object, loc: tuple[int | str, ...]) -> KeyPath:
    """Follow pydantic's location as far as the file goes, leaving out what only the model knows (union members)."""
    path: list[str | int] = []
    for part in loc:
        inner = _child(data, part)
        if inner is not _ABSENT:
            data = inner
            path.append(part)
    return tuple(path)


def _told(each: ErrorDetails, path: KeyPath, model: type[BaseModel], found: str) -> tuple[str, str]:
    """Return what is wrong, and the fix."""
    context = each.get("ctx", {})
    last = str(each["loc"][-1]) if each["loc"] else ""
    match each["type"]:
        case "syncd":
            return str(context["what"]), str(context["fix"])
        case "extra_forbidden":
            allowed = keys_of(_model_at(model, path[:-1]))
            fix = one_of(allowed) if allowed else "remove it"
            return f'"{last}" is not a setting here{did_you_mean(last, allowed)}', fix
        case "missing":
            return f'"{last}" is missing', f'add "{last}:"'
        case "literal_error" | "enum":
            allowed = [part.strip("' ") for part in str(context["expected"]).replace(" or ", ", ").split(", ")]
            return f"{found} is not allowed here{did_you_mean(found, allowed)}", one_of(allowed)
        case kind if kind in _WANTED:
            fix = "put it in quotes" if _is_bare(each) else f"write {_WANTED[kind]}"
            return f"expected {_WANTED[kind]}, found {found}", fix
        case _:
            return str(each["msg"]).removeprefix("Value error, ").removeprefix("Input "), "correct the value"


def _is_bare(each: ErrorDetails) -> bool:
    """Whether text was meant, and YAML read a number or a truth value."""
    return each["type"] == "string_type" and isinstance(each["input"], int | float)


_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a group of settings",
    "mapping_type": "a group of settings",
    "model_type": "a group of settings",
    "model_attributes_type": "a group of settings",
    "url_parsing": "an address such as https://tool.example",
    "url_scheme": "an address beginning with https://",
}


def keys_of(model: type[BaseModel] | None) -> list[str]:
    """Return the keys a model takes, as the file spells them."""
    if model is None:
        return []
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model that reads the group at *path*, when it can be told."""
    here: object = model
    for part in path:
        here = _step(here, part)
    return _as_model(here)


def _step(annotation: object, part: str | int) -> object:
    model = _as_model(annotation)
    if model is not None and get_origin(annotation) is not dict and not isinstance(part, int):
        info = next((each for name, each in model.model_fields.items() if part in (name, each.alias)), None)
        if info is not None:
            return info.annotation
        extra = get_type_hints(model).get("__pydantic_extra__")
        return get_args(extra)[1] if get_origin(extra) is dict else None
    arguments = get_args(annotation)
    return arguments[-1] if get_origin(annotation) is dict else arguments[0] if arguments else None


def _as_model(annotation: object) -> type[BaseModel] | None:
    """Return the one model in an annotation: itself, or the only one among the parts of an optional or a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is dict:
        return None
    inner = [found for arg in get_args(annotation) if (found := _as_model(arg)) is not None]
    return inner[0] if len(inner) == 1 else None
