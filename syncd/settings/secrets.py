"""Secrets by reference: `{env: NAME}` or `{file: path}`, never written in a configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, SecretStr

from syncd.mapping.problems import KeyPath, Place, Problems
from syncd.mapping.validate import keys_of

SECRET_WORDS: Final = frozenset(
    {
        "token",
        "password",
        "secret",
        "private_key",
        "api_key",
        "api_token",
        "key",
        "access_token",
        "client_secret",
        "bearer",
    }
)
"""Keys under `auth` whose value must be a reference, whatever the tool."""

FIX: Final = "put it in an environment variable or a file, and write {env: NAME} or {file: path} here"

UNSET: Final = "unset"
"""Stands in for a secret that cannot be had, so that nothing more is found wrong about it."""


class Resolver:
    """Replaces references by what they stand for, noting what cannot be had."""

    def __init__(self, folder: Path, env: Mapping[str, str], problems: Problems) -> None:
        self.folder = folder
        self.env = env
        self.problems = problems
        self.resolved: set[KeyPath] = set()
        """Where references stood."""
        self.files: set[Path] = set()
        """What secrets were read from."""
        self.values: set[str] = set()
        """What was found: to be shown nowhere."""

    def resolve(self, value: object, place: Place) -> object:
        """Return *value* with every reference in it replaced; one that cannot be had by `UNSET`."""
        match value:
            case {"env": name, **rest} if not rest:
                return self._env(name, place)
            case {"file": path, **rest} if not rest:
                return self._file(path, place)
            case Mapping():
                return {key: self.resolve(each, place / key) for key, each in value.items()}
            case list():
                return [self.resolve(each, place / index) for index, each in enumerate(value)]
            case _:
                return value

    def _env(self, name: object, place: Place) -> str:
        self.resolved.add(place.path)
        if not isinstance(name, str):
            self.problems.add(place / "env", "an environment variable is named by text", "write {env: NAME}")
            return UNSET
        found = self.env.get(name, "").strip()
        if not found:
            state = "empty" if name in self.env else "not set"
            self.problems.add(
                place / "env", f"the environment variable {name} is {state}", f"set {name} and start again"
            )
        self.values.add(found)
        return found or UNSET

    def _file(self, path: object, place: Place) -> str:
        self.resolved.add(place.path)
        if not isinstance(path, str):
            self.problems.add(place / "file", "a file is named by text", "write {file: path}")
            return UNSET
        self.files.add(self.folder / path)
        try:
            found = (self.folder / path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as exc:
            why = exc.strerror if isinstance(exc, OSError) and exc.strerror else "it is not text"
            self.problems.add(
                place / "file",
                f'the file "{path}" cannot be read: {why}',
                f"paths start at {self.folder}; make the file, and let syncd read it",
            )
            return UNSET
        if not found:
            self.problems.add(place / "file", f'the file "{path}" is empty', "put the secret in it")
        self.values.add(found)
        return found or UNSET

    def refuse_literals(self, auth: object, place: Place) -> None:
        """Note every secret under `auth` that is written out, going by the key's name."""
        if not isinstance(auth, Mapping):
            return
        for key, value in auth.items():
            if key in SECRET_WORDS and isinstance(value, str | int):
                self.problems.add(place / key, "a secret is written in this file", FIX)
            elif (place / key).path not in self.resolved:
                self.refuse_literals(value, place / key)

    def refuse_unresolved(self, settings: BaseModel, place: Place) -> None:
        """Note every secret of the tool's settings that did not come from a reference."""
        for name, key in zip(type(settings).model_fields, keys_of(type(settings)), strict=True):
            value, at = getattr(settings, name), place / key
            if isinstance(value, BaseModel):
                self.refuse_unresolved(value, at)
            elif isinstance(value, SecretStr) and value.get_secret_value() and at.path not in self.resolved:
                self.problems.add(at, "a secret is written in this file", FIX)
