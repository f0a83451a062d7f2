"""
What a mapping file and a tool's `defaults.yaml` may say, as pydantic models.

Short forms (a name where a group could stand, one value where a list could)
are written out before validation, so everything past this module sees one
shape. `compile` gives it meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from syncd.model.canonical import FieldType, Kind
from syncd.model.policy import Direction, OnDelete

RESERVED: Final = frozenset(
    {
        *Kind,
        *("defaults", "syncd", "none", "any"),
        *("leader", "policy", "direction", "values", "fallback", "type", "options"),
        *("comments", "field", "fields", "kinds", "match", "create", "where", "types", "people", "from", "in", "when"),
    }
)
"""Words with a meaning of their own in a mapping file, which no connection may be called."""

NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
"""What connections and portfolios are called."""

LEAST_SIMILAR: Final = 60
"""Below this many percent nearly everything looks like something else."""

POLICIES: Final = ("hold", "newest", "order", "earliest", "latest", "once")


def refuse(what: str, fix: str) -> PydanticCustomError:
    """Return the error of a validator, with its own fix."""
    return PydanticCustomError("syncd", "{what}", {"what": what, "fix": fix})


def _listed(value: object) -> object:
    if value is None or value is False:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _words(value: object) -> object:
    """Write one thing out as a list of one."""
    return (value,) if isinstance(value, str) else value


Words: TypeAlias = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One word or a list of them."""

Entries: TypeAlias = Annotated[
    tuple[str | None, ...],
    BeforeValidator(_listed),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "null"]},
                {"const": False},
                {"type": "array", "items": {"type": ["string", "null"]}},
            ]
        }
    ),
]
"""What a tool calls one canonical value; the first that exists is the one written. `false`: no word for it."""


class _OneOrMore:
    """Tells editors that one may stand where a list could."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        return {"anyOf": [schema["items"], schema]}


class Strict(BaseModel):
    """A group of settings in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _short(json: Mapping[str, Any]) -> ConfigDict:
    """Tell editors about a short form besides the group itself."""

    def widen(schema: dict[str, Any]) -> None:
        group = {key: schema.pop(key) for key in list(schema) if key not in ("title", "description")}
        schema["anyOf"] = [dict(json), group]

    return ConfigDict(frozen=True, extra="forbid", populate_by_name=True, json_schema_extra=widen)


_TEXT_OR_OFF: Final = {"type": ["string", "null", "boolean"]}
_TEXT_OR_LIST: Final = {"type": ["string", "null", "boolean", "array"]}


class Side(Strict):
    """One connection's side of a field. Short form: the native field's name; `false` turns the field off there."""

    model_config = _short(_TEXT_OR_OFF)

    field: str | None = Field(default=None, description="The tool's field, by key or by label.")
    values: dict[str, Entries] | None = Field(
        default=None, description='For each canonical value the tool\'s words: labels, "id:..." or "category:...".'
    )
    direction: Direction | None = Field(default=None, description="read, write (a mirror) or both (default).")
    fallback: dict[str, str | None] = Field(
        default_factory=dict, description="What stands in for a value without a word."
    )
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$", description="The ISO 4217 code of an amount.")
    pattern: str | None = Field(default=None, description="What a label must look like to be writable (a regex).")
    off: bool = Field(default=False, description="Not mapped here, whatever the defaults say.")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: object) -> object:
        if value is None or value is False:
            return {"off": True}
        return {"field": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _compiles(self) -> Side:
        try:
            re.compile(self.pattern or "")
        except re.error as exc:
            raise refuse(f'"{self.pattern}" is not a regular expression: {exc}', "correct the pattern") from exc
        return self


class PolicyRule(Strict):
    """How a disagreement is settled. Short form: the policy's name."""

    model_config = _short({"enum": [name for name in POLICIES if name != "order"]})

    name: Literal["hold", "newest", "order", "earliest", "latest", "once"] = "order"
    order: Words = ()

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value == "order":
            raise refuse('the policy "order" needs its list', "write policy: {order: [first, second]}")
        if value not in POLICIES:
            raise refuse(f'"{value}" is not a policy', f"use one of {', '.join(POLICIES)}, or leader: CONNECTION")
        return {"name": value}


class FieldRule(BaseModel):
    """How one canonical field is kept: its policy, and each connection's side of it."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Side] = Field(init=False)

    leader: str | None = Field(default=None, description="The connection whose value wins.")
    policy: PolicyRule | None = Field(
        default=None, description="hold (default), newest, order, earliest, latest, once."
    )
    direction: Direction | None = Field(default=None, description="Which way it flows, for every connection.")
    fallback: dict[str, str | None] = Field(
        default_factory=dict, description="What stands in for a value without a word."
    )
    type: FieldType | None = Field(default=None, description="Declares a custom field of that type.")
    options: tuple[str, ...] = Field(default=(), description="The values of a custom choice, in order.")

    @model_validator(mode="after")
    def _one_winner(self) -> FieldRule:
        if self.leader is not None and self.policy is not None:
            raise refuse("a leader and a policy both settle this field", "keep leader: or policy:, not both")
        return self

    @property
    def sides(self) -> Mapping[str, Side]:
        """The connections' sides, by connection name."""
        return self.__pydantic_extra__ or {}


class Condition(Strict):
    """A test of one field. Short form: the value it must have, or a list of which it must have one."""

    model_config = _short(_TEXT_OR_LIST)

    is_: Entries | None = Field(default=None, alias="is", description="It has one of these values (null: it is empty).")
    not_: Entries | None = Field(default=None, alias="not", description="It has none of these values.")
    contains: Entries | None = Field(default=None, description="It contains one of these.")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: object) -> object:
        return value if isinstance(value, Mapping) else {"is": [None] if value is None else value}


class TypesRule(Strict):
    """Which record types of a connection are of a kind, and which of their records are in scope."""

    model_config = _short(_TEXT_OR_LIST)

    types: Words | None = Field(default=None, description="The tool's own type names.")
    where: dict[str, Condition] = Field(default_factory=dict, description="Native fields a record must pass.")
    off: bool = Field(default=False, description="None of this kind here, whatever the defaults say.")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: object) -> object:
        if value is None or value is False:
            return {"off": True}
        return {"types": value} if isinstance(value, str | list) else value


class MatchRule(Strict):
    """How records of different tools are recognised as one. Short form: a canonical field that must be equal."""

    model_config = _short({"type": "string"})

    fields: Words = Field(default=(), description="Canonical fields that must all be equal and not empty.")
    connection: str | None = Field(default=None, description="Whose records name records of another connection.")
    field: str | None = Field(default=None, description="The native field that holds the name.")
    names: str | None = Field(default=None, description="The connection whose records are named.")
    by: Literal["key", "id", "url"] = Field(default="key", description="What of theirs is written there.")
    similar: int | None = Field(
        default=None,
        ge=LEAST_SIMILAR,
        le=99,
        description="Propose, never decide, what is alike by title, dates and people, from this confidence on, in %.",
    )

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: object) -> object:
        return {"fields": [value]} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_form(self) -> MatchRule:
        by_id = (self.connection, self.field, self.names)
        forms = (bool(self.fields), any(by_id), self.similar is not None)
        if sum(forms) != 1 or (any(by_id) and not all(by_id)):
            raise refuse(
                "a match rule compares canonical fields, reads an id field, or proposes what is similar",
                "write title, {fields: [title, due_on]}, {connection: A, field: NAME, names: B} or {similar: 85}",
            )
        return self


class TargetRule(Strict):
    """Where a create rule makes a record. Short form: the connection, or {connection: {containers: ...}}."""

    model_config = _short(
        {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "object"}}]}
    )

    connection: str
    containers: Words = Field(default=(), description="The projects or repositories, if there are several.")
    type: str | None = Field(default=None, description="The record type; the first of its kind by default.")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: object) -> object:
        if isinstance(value, str):
            return {"connection": value}
        if not isinstance(value, Mapping) or "connection" in value or len(value) != 1:
            return value
        [(connection, more)] = value.items()
        rest = {"containers": more} if isinstance(more, str | list) else dict(more or {})
        for alias in _CONTAINERS & set(rest):
            rest["containers"] = rest.pop(alias)
        return {"connection": connection, **rest}


_CONTAINERS: Final = frozenset({"container", "repository", "repositories", "project", "projects", "team", "teams"})
"""What people call a container; all the same to us."""


class CreateRule(Strict):
    """What is made where because something exists elsewhere."""

    source: Words = Field(alias="from", description="The connections the entity must live in; any for all.")
    targets: Annotated[tuple[TargetRule, ...], BeforeValidator(_listed), _OneOrMore()] = Field(alias="in")
    when: dict[str, Condition] = Field(default_factory=dict, description="Canonical fields an entity must pass.")


class CommentsRule(Strict):
    """How comments that we carried to other tools follow their originals."""

    edits: Literal["original", "any"] = Field(
        default="original", description="Whose edits of the text count: those of the original, or any."
    )
    deleted: Literal["keep", "mark"] = Field(
        default="keep", description="When the original is deleted, its copies are kept, or say so."
    )


class OnDeleteRule(Strict):
    """What is done elsewhere when an item was deleted in one tool. Short form: unlink or archive."""

    model_config = _short({"enum": list(OnDelete)})

    do: OnDelete = Field(default=OnDelete.ARCHIVE, description="unlink: nothing (default); archive: archive it there.")
    close_as: str | None = Field(
        default=None, description="The status that stands for archived in tools without an archive for this kind."
    )

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: object) -> object:
        return {"do": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _closes_what_is_archived(self) -> OnDeleteRule:
        if self.close_as is not None and self.do is OnDelete.UNLINK:
            raise refuse("unlink closes nothing", "remove close_as:, or say do: archive")
        return self


class MappingFile(Strict):
    """A portfolio's mapping file."""

    version: Literal[1]
    extends: Literal["defaults"] | None = Field(default=None, description="defaults: each tool's recommended mapping.")
    kinds: dict[Kind, dict[str, TypesRule]] = Field(default_factory=dict)
    match: dict[Kind, Annotated[tuple[MatchRule, ...], BeforeValidator(_listed), _OneOrMore()]] = Field(
        default_factory=dict
    )
    create: dict[Kind, Annotated[tuple[CreateRule, ...], BeforeValidator(_listed), _OneOrMore()]] = Field(
        default_factory=dict
    )
    comments: CommentsRule | None = Field(default=None, description="Keeps comments, and says how copies follow.")
    on_delete: dict[Kind, OnDeleteRule] = Field(
        default_factory=dict, description="What happens elsewhere to an item deleted in one tool: nothing by default."
    )
    fields: dict[str, FieldRule] = Field(default_factory=dict)
    people: str | None = Field(default=None, description="The people file, relative to the configuration folder.")


class DefaultsFile(Strict):
    """A tool's `defaults.yaml`: the same grammar for one tool."""

    version: Literal[1]
    kinds: dict[Kind, TypesRule] = Field(default_factory=dict)
    fields: dict[str, Side] = Field(default_factory=dict)
