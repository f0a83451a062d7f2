"""What pydantic says about a file, told as problems with lines and fixes."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from typing import TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from syncd.mapping.problems import KeyPath, Place, Problems, did_you_mean, one_of, quoted

M = TypeVar("M", bound=BaseModel)


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
    for each in _of_nearest(error.errors(include_url=False), data):
        path = _path_in(data, each["loc"])
        found = "what stands here" if path and path[0] in hide else quoted(each["input"])
        what, fix = _told(each, _model_at(model, path[:-1], _member(each, data)[1]), found)
        problems.add(Place(place.locate, place.path + path), what, fix)


def _of_nearest(errors: list[ErrorDetails], data: object) -> list[ErrorDetails]:
    """Of alternatives (two ways to give a credential), keep what is wrong with the one that was most nearly met."""
    counts: dict[KeyPath, Counter[str]] = {}
    for each in errors:
        path, member = _member(each, data)
        if member:
            counts.setdefault(path, Counter())[member] += 1
    paths = [_path_in(data, each["loc"]) for each in errors]
    errors = [each for each in errors if not _is_echo(each, _path_in(data, each["loc"]), paths)]
    nearest = {path: min(found, key=lambda name: found[name]) for path, found in counts.items()}
    return [each for each in errors if nearest.get(_member(each, data)[0]) in (None, _member(each, data)[1])]


def _is_echo(each: ErrorDetails, path: KeyPath, paths: list[KeyPath]) -> bool:
    """Say whether a list is found too short only because something in it is wrong, which is told by itself."""
    return each["type"] == "too_short" and any(len(other) > len(path) and other[: len(path)] == path for other in paths)


def _member(each: ErrorDetails, data: object) -> tuple[KeyPath, str]:
    """Return where alternatives were tried and which of them this error is about; an empty name when there are none."""
    path: list[str | int] = []
    last = len(each["loc"]) - 1
    for index, part in enumerate(each["loc"]):
        data = _child(data, part)
        if data is _ABSENT:
            is_key = index == last and each["type"] == "missing"
            is_type = isinstance(part, str) and (part[0].isupper() or part.endswith("]")) and part != "[key]"
            return tuple(path), str(part) if is_type and not is_key else ""
        path.append(part)
    return tuple(path), ""


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


def _told(each: ErrorDetails, group: type[BaseModel] | None, found: str) -> tuple[str, str]:
    """Return what is wrong, and the fix; *group* reads the settings beside the wrong one."""
    context = each.get("ctx", {})
    last = str(each["loc"][-1]) if each["loc"] else ""
    match each["type"]:
        case "syncd":
            what, fix = str(context["what"]), str(context["fix"])
        case "extra_forbidden":
            allowed = keys_of(group)
            what = f'"{last}" is not a setting here{did_you_mean(last, allowed)}'
            fix = one_of(allowed) if allowed else "remove it"
        case "missing":
            what, fix = f'"{last}" is missing', f'add "{last}:"'
        case "literal_error" | "enum":
            allowed = [part.strip("' ") for part in str(context["expected"]).replace(" or ", ", ").split(", ")]
            what, fix = f"{found} is not allowed here{did_you_mean(found, allowed)}", one_of(allowed)
        case "string_pattern_mismatch":
            what, fix = f"{found} does not have the right form", f"write it in the form {context['pattern']}"
        case kind if kind in _WANTED:
            what = f"expected {_WANTED[kind]}, found {found}"
            fix = "put it in quotes" if _is_bare(each) else f"write {_WANTED[kind]}"
        case _:
            what = str(each["msg"]).removeprefix("Value error, ").removeprefix("Input ")
            fix = "correct the value"
    return what, fix


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


def _model_at(model: type[BaseModel], path: KeyPath, member: str) -> type[BaseModel] | None:
    """Return the model that reads the group at *path*, of several the one called *member*."""
    here: object = model
    for part in path:
        here = _step(here, part)
    models = _models_in(here)
    return models[0] if len(models) == 1 else next((each for each in models if each.__name__ == member), None)


def _step(annotation: object, part: str | int) -> object:
    """Return the annotation of what stands under one key or position."""
    models = _models_in(annotation)
    if models and not isinstance(part, int):
        fields = (each for model in models for each in model.model_fields.items())
        info = next((info for name, info in fields if part in (name, info.alias)), None)
        if info is not None:
            return info.annotation
        extra = get_type_hints(models[0]).get("__pydantic_extra__")
        return get_args(extra)[1] if get_origin(extra) is dict else None
    arguments = get_args(annotation)
    return arguments[-1] if get_origin(annotation) is dict else arguments[0] if arguments else None


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Return the models in an annotation: itself, or those among the parts of an alternative or a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is dict:
        return []
    return [found for argument in get_args(annotation) for found in _models_in(argument)]
