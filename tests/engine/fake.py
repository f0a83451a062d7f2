"""A plain in-memory tool: tasks, comments and iterations, with hands for people and switches for trouble."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

from syncd.connectors._budget import Budget
from syncd.connectors.protocol import (
    Archive,
    Capabilities,
    Container,
    Create,
    CreateIdentity,
    CreateKey,
    Description,
    Done,
    FieldEdit,
    Homes,
    Known,
    Outcome,
    Page,
    Refused,
    Tool,
    Unknown,
    Update,
    Write,
)
from syncd.errors import NotFoundError, RejectedError, RemoteError, UnavailableError
from syncd.model.native import (
    Date,
    Instant,
    Native,
    NativeField,
    NativeType,
    Person,
    Record,
    RecordState,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import ConnectionName, Cursor, EntityId, OpId, Ref, Revision
from syncd.world import World, real_world


def _unlimited() -> Budget:
    return Budget(name=ConnectionName("fake"), world=real_world())


DEFAULTS = """\
version: 1
kinds: {task: task, iteration: iteration, comment: comment}
fields:
  task.title: title
  task.iteration: sprint
  task.depends_on: depends_on
  iteration.title: title
  iteration.start_on: {field: start_on, direction: read}
  comment.body: body
  comment.author: {field: author, direction: read}
  comment.created_at: {field: created_at, direction: read}
  comment.parent: parent
"""


class Settings(BaseModel):
    """A connection of the fake tool says nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _field(key: str, kind: NativeType, *types: str, **more: Any) -> NativeField:  # noqa: ANN401 - passed on
    return NativeField(key=key, label=key.title(), type=kind, record_types=frozenset(types), **more)


FIELDS = (
    _field("title", NativeType.TEXT, "task", can_be_empty=False),
    _field("sprint", NativeType.REF, "task"),
    _field("depends_on", NativeType.REFS, "task"),
    _field("title", NativeType.TEXT, "iteration", writable=False),
    _field("start_on", NativeType.DATE, "iteration", writable=False),
    _field("body", NativeType.RICH_TEXT, "comment", can_be_empty=False, required_on_create=True, max_length=2000),
    _field("author", NativeType.PERSON, "comment", writable=False),
    _field("created_at", NativeType.INSTANT, "comment", writable=False),
    _field("parent", NativeType.REF, "comment", required_on_create=True, can_be_empty=False),
)


@dataclass
class Fake:
    """One account of the tool, and everything in it. Outlives the connector of each command."""

    name: ConnectionName
    world: World
    format: TextFormat = TextFormat.MARKDOWN
    items: dict[Ref, Record] = field(default_factory=dict)
    types: frozenset[str] = frozenset()
    budget: Budget = field(default_factory=_unlimited)
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            create_identity=CreateIdentity.MARKER_LAGGED,
            index_lag_s=0,
            max_batch=20,
            quiet=frozenset({"task"}),
            links_home=True,
            unmarks=frozenset({"task", "comment"}),
            archives=True,
        )
    )
    writes: list[Write] = field(default_factory=list)
    homes: dict[Ref, tuple[str, ...]] = field(default_factory=dict)
    home_calls: int = 0
    fail_homes: RemoteError | None = None
    marks: bool = True
    """Whether records carry our marker where people can not see it."""
    lose_answers: int = 0
    """How many creates are made and never answered."""
    lose_updates: str = ""
    """Updates are never answered: carried out (`after`) or not (`before`)."""
    refuse_bodies: bool = False
    refuse_archives: RemoteError | None = None
    lose_archives: str = ""
    """Archives are never answered: carried out (`after`) or not (`before`)."""
    bin: dict[Ref, Record] = field(default_factory=dict)
    """What was deleted or hidden."""
    before_read: Callable[[], None] | None = None
    """What happens, once, right before something is read by id."""
    down: RemoteError | None = None
    """Why nothing can be read."""
    forbidden: dict[Ref, RemoteError] = field(default_factory=dict)
    """Items that are answered with this when read by id."""
    reads: list[frozenset[Ref]] = field(default_factory=list)
    """What was read by id, request by request."""
    archives: bool = True
    """Whether the tool has an archive of its own."""
    number: int = 0
    lose_cleans: str = ""
    """Taking a marker off is never answered: carried out (`after`) or not (`before`)."""
    lists: int = 0
    """How often it was asked what changed, or what it is."""

    # --- people's hands ---

    def task(self, title: str, *, container: str = "P", **more: Native) -> Ref:
        """Make a task."""
        self.number += 1
        ref = Ref(self.name, "task", str(self.number))
        fields: dict[str, Native] = {"title": Text(title), "sprint": None, "depends_on": None, **more}
        return self._put(ref, "task", container, f"{self.name[0].upper()}-{self.number}", fields)

    def iteration(self, title: str, start_on: date) -> Ref:
        """Make an iteration."""
        self.number += 1
        fields: dict[str, Native] = {"title": Text(title), "start_on": Date(start_on)}
        return self._put(Ref(self.name, "iteration", str(self.number)), "iteration", "P", title, fields)

    def say(self, below: Ref, text: str, *, by: str = "Ada Example", marker: EntityId | None = None) -> Ref:
        """Write a comment."""
        self.number += 1
        parent = self.items[below]
        ref = Ref(self.name, "comment", str(self.number))
        fields: dict[str, Native] = {
            "body": self._text(text),
            "author": Person(by.split(maxsplit=1)[0].lower(), name=by),
            "created_at": Instant(self.world.now()),
            "parent": below,
        }
        self._put(ref, "comment", parent.container, f"{parent.key}#c{self.number}", fields)
        self.items[ref] = replace(self.items[ref], marker=marker)
        return ref

    def edit(self, ref: Ref, by: str = "Ada Example", **fields: Native) -> None:
        """Change fields of an item."""
        old = self.items[ref]
        self._put(ref, old.type, old.container, old.key, {**old.fields, **fields}, by=by)

    def rewrite(self, ref: Ref, text: str, by: str = "Ada Example") -> None:
        """Change what a comment says, below whatever signature it has."""
        self.edit(ref, by=by, body=self._text(text))

    def delete(self, ref: Ref) -> None:
        """Delete an item for good, with the comments below it."""
        self.hide(ref)
        for each in [one for one, record in self.items.items() if record.fields.get("parent") == ref]:
            del self.items[each]

    def archive(self, ref: Ref, *, away: bool = True) -> None:
        """Archive an item, or bring it back."""
        self.edit(ref, by="Sync Bot")
        state = RecordState.ARCHIVED if away else RecordState.LIVE
        self.items[ref] = replace(self.items[ref], state=state)

    def hide(self, ref: Ref) -> None:
        """Take an item out of sight; it can be restored."""
        self.bin[ref] = self.items.pop(ref)

    def restore(self, ref: Ref, state: RecordState = RecordState.LIVE) -> None:
        """Bring an item back that was deleted or hidden, by the same id."""
        item = self.bin.pop(ref)
        self._put(ref, item.type, item.container, item.key, item.fields)
        self.items[ref] = replace(self.items[ref], state=state, marker=item.marker)

    def below(self, ref: Ref) -> list[str]:
        """Return what is said below an item, oldest first, as it is held."""
        found = [record for record in self.items.values() if record.fields.get("parent") == ref]
        return [_source(record) for record in sorted(found, key=lambda record: int(record.ref.id))]

    def _text(self, text: str) -> RichText:
        if self.format is not TextFormat.ADF:
            return RichText(self.format, text)
        paragraphs = [{"type": "paragraph", "content": [{"type": "text", "text": part}]} for part in text.split("\n\n")]
        return RichText(TextFormat.ADF, json.dumps({"version": 1, "type": "doc", "content": paragraphs}))

    def _put(
        self, ref: Ref, kind: str, container: str, key: str, fields: Mapping[str, Native], by: str | None = None
    ) -> Ref:
        now = self.world.now()
        old = self.items.get(ref)
        self.number += 1
        self.items[ref] = Record(
            ref=ref,
            type=kind,
            container=container,
            key=key,
            revision=Revision(str(self.number)),
            fields=dict(fields),
            url=f"https://{self.name}.example/{key.replace('#', '/')}",
            updated_at=now,
            created_at=old.created_at if old else now,
            updated_by=by,
            marker=old.marker if old else None,
        )
        return ref

    # --- the connector ---

    def focus(self, types: frozenset[str]) -> None:
        """Read these types only."""
        self.types = types

    async def check(self) -> None:
        """Nothing can be wrong."""

    async def describe(self) -> Description:
        """Return what there is."""
        self.lists += 1
        spot = Container(name="P", record_types=frozenset({"task", "comment"}))
        account = Person("bot", name="Sync Bot")
        return Description(fields=FIELDS, containers=(spot, replace(spot, name="Q")), account=account)

    async def changes(self, since: Cursor | None, known: Known) -> AsyncIterator[Page]:
        """Yield everything of the types in focus that changed since; all of it in another focus."""
        del known
        self.lists += 1
        if self.down is not None:
            raise self.down
        focus = ",".join(sorted(self.types))
        last = json.loads(since) if since else None
        after = last[1] if last and last[0] == focus else -1
        order = ("iteration", "task", "comment")
        found = [each for each in self.items.values() if each.type in self.types and int(each.revision) > after]
        found.sort(key=lambda record: (order.index(record.type), int(record.revision)))
        yield Page(records=tuple(found), resume=Cursor(json.dumps([focus, self.number])))

    async def since(self, at: datetime) -> Cursor:
        """Return a cursor that tells of everything: revisions know no time."""
        del at
        return Cursor(json.dumps([",".join(sorted(self.types)), -1]))

    async def ids(self) -> AsyncIterator[Sequence[Ref]]:
        """Yield every ref in focus."""
        yield [ref for ref, record in self.items.items() if record.type in self.types]

    async def read_many(self, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
        """Read by id."""
        self.reads.append(frozenset(refs))
        happens, self.before_read = self.before_read, None
        if happens is not None:
            happens()
        if self.down is not None:
            raise self.down
        told = {ref: self.items.get(ref) or NotFoundError(f"{ref} is gone or hidden") for ref in refs}
        return {**told, **{ref: self.forbidden[ref] for ref in refs if ref in self.forbidden}}

    async def write(self, batch: Sequence[Write]) -> Sequence[Outcome]:
        """Carry writes out."""
        return [self._write(each) for each in batch]

    def _write(self, each: Write) -> Outcome:
        self.writes.append(each)
        match each:
            case Create(op=op, type=kind, container=container, marker=marker, fields=fields):
                if self.refuse_bodies and "body" in fields:
                    return Refused(op=op, error=RejectedError("that word is not allowed here"))
                self.number += 1
                ref = Ref(self.name, kind, str(self.number))
                parent = fields.get("parent")
                above = f"{self.items[parent].key}#c" if isinstance(parent, Ref) else f"{self.name[0].upper()}-"
                made: dict[str, Native] = (
                    {"author": Person("bot", name="Sync Bot"), "created_at": Instant(self.world.now()), **fields}
                    if kind == "comment"
                    else {"sprint": None, "depends_on": None, **fields}
                )
                self._put(ref, kind, container, f"{above}{self.number}", made, by="Sync Bot")
                if self.marks:
                    self.items[ref] = replace(self.items[ref], marker=marker)
                if self.lose_answers:
                    self.lose_answers -= 1
                    return Unknown(op=op, error=UnavailableError("no answer"))
                return Done(op=op, record=self.items[ref])
            case Update(op=op, pre=pre, fields=fields):
                if self.lose_updates != "before":
                    self.edit(pre.ref, by="Sync Bot", **fields)
                if self.lose_updates:
                    return Unknown(op=op, error=UnavailableError("no answer"))
                return Done(op=op, record=self.items[pre.ref])
            case Archive(op=op, pre=pre):
                return self._archive(op, pre.ref)

    def _archive(self, op: OpId, ref: Ref) -> Outcome:
        if self.refuse_archives is not None:
            return Refused(op=op, error=self.refuse_archives)
        if self.lose_archives == "before":
            return Unknown(op=op, error=UnavailableError("no answer"))
        self.archive(ref)
        if self.lose_archives == "after":
            return Unknown(op=op, error=UnavailableError("no answer"))
        return Done(op=op, record=self.items[ref])

    async def take_mark_off(self, op: OpId, record: Record) -> Outcome:
        """Take our marker off."""
        self.number += 1
        now = replace(self.items[record.ref], marker=None, revision=Revision(str(self.number)))
        if self.lose_cleans != "before":
            self.items[record.ref] = now
        if self.lose_cleans:
            return Unknown(op=op, error=UnavailableError("no answer"))
        return Done(op=op, record=now)

    async def find_created(self, keys: Sequence[CreateKey]) -> Mapping[EntityId, Sequence[Record]]:
        """Look below the parent for a comment, everywhere for the rest."""
        return {
            key.marker: found
            for key in keys
            if (
                found := [
                    record
                    for record in self.items.values()
                    if record.marker == key.marker and record.fields.get("parent") == key.fields.get("parent")
                ]
            )
        }

    async def people(self, handles: Sequence[str]) -> Mapping[str, Person]:
        """Know everybody by the name they have."""
        return {handle: Person(handle, name=handle) for handle in handles}

    async def history(self, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
        """Keep none."""
        for _ in refs[:0]:
            yield FieldEdit(ref=_, field="", at=self.world.now(), author=None)

    async def show_home(self, items: Sequence[Homes]) -> Mapping[Ref, RemoteError]:
        """Show exactly these."""
        self.home_calls += 1
        if self.fail_homes is not None:
            return {each.ref: self.fail_homes for each in items}
        for each in items:
            self.homes[each.ref] = tuple(f"{home.connection} {home.key} {home.url}" for home in each.homes)
        return {}


def _source(record: Record) -> str:
    body = record.fields["body"]
    assert isinstance(body, RichText)
    return body.source


def tool_of(fakes: Mapping[ConnectionName, Fake]) -> Tool:
    """Return the tool whose connections are *fakes*."""

    def connect(name: ConnectionName, settings: object, http: httpx.AsyncClient, world: World) -> Fake:
        del settings, http, world
        return fakes[name]

    def archives(record_type: str) -> bool:
        return record_type == "task" and all(fake.archives for fake in fakes.values())

    return Tool(name="fake", settings=Settings, connect=connect, defaults=lambda: DEFAULTS, archives=archives)
