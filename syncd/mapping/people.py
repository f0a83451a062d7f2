"""Who is who across the tools: the people file, and e-mail addresses that two tools show."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from syncd.mapping.problems import Place, Problems
from syncd.model.native import Person
from syncd.model.refs import ConnectionName, PersonId

PERSON = "person"
"""The first column: our own name for a person."""


@dataclass(slots=True)
class PeopleDirectory:
    """
    The people of a portfolio, from the people file and from what the tools show.

    Somebody the file does not name is recognised by e-mail, and only when at
    least two connections show that address; nobody is ever guessed by name.
    """

    rows: Mapping[PersonId, Mapping[ConnectionName, str]] = field(default_factory=dict)
    """For each person the login, e-mail or id in each connection that has a user for them."""
    _by_handle: dict[tuple[ConnectionName, str], PersonId] = field(default_factory=dict)
    _by_address: dict[str, PersonId] = field(default_factory=dict)
    _shown_in: dict[str, set[ConnectionName]] = field(default_factory=dict)
    _users: dict[tuple[ConnectionName, str], Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for person, handles in self.rows.items():
            if "@" in person:
                self._by_address.setdefault(person.casefold(), person)
            for connection, handle in handles.items():
                self._by_handle[connection, handle.casefold()] = person
                if "@" in handle:
                    self._by_address.setdefault(handle.casefold(), person)

    def handles(self, connection: ConnectionName) -> tuple[str, ...]:
        """Return the handles of the file's column whose user is not known yet, for the connector to look up."""
        column = (row.get(connection) for row in self.rows.values())
        return tuple(handle for handle in column if handle and (connection, handle.casefold()) not in self._users)

    def resolve(self, connection: ConnectionName, users: Mapping[str, Person]) -> None:
        """Take in the user behind each handle, as the tool told."""
        for handle, user in users.items():
            self._users[connection, handle.casefold()] = user
            named = self._by_handle.get((connection, handle.casefold()))
            if named is not None:
                self._by_handle.setdefault((connection, user.id.casefold()), named)
            self.add_seen(connection, user)

    def add_seen(self, connection: ConnectionName, user: Person) -> None:
        """Take in a user a record showed, or one that is known from an earlier run: by now we know the id, too."""
        handles = _handles(user)
        named = next((name for each in handles if (name := self._by_handle.get((connection, each)))), None)
        for handle in handles:
            self._users.setdefault((connection, handle), user)
        if named is not None:
            self._by_handle.setdefault((connection, user.id.casefold()), named)
        if user.email:
            self._shown_in.setdefault(user.email.casefold(), set()).add(connection)

    def person_of(self, connection: ConnectionName, person: Person) -> PersonId | None:
        """Return our name for a tool's user: by the file, else by an e-mail another tool shows too."""
        for handle in _handles(person):
            named = self._by_handle.get((connection, handle))
            if named is not None:
                return named
        address = (person.email or "").casefold()
        if not address:
            return None
        named = self._by_address.get(address)
        if named is not None and connection not in self.rows.get(named, {}):
            return named
        shown = self._shown_in.get(address, set()) | {connection}
        return PersonId(address) if named is None and len(shown) > 1 else None

    def expects(self, connection: ConnectionName, person: PersonId) -> bool:
        """Return whether the file names a user for a person in that tool, looked up or not."""
        return connection in self.rows.get(person, {})

    def native_of(self, connection: ConnectionName, person: PersonId) -> Person | None:
        """Return a person's user in that tool, once it was seen or resolved."""
        handle = self.rows.get(person, {}).get(connection)
        if handle is not None:
            return self._users.get((connection, handle.casefold()))
        addresses = [address for address, named in self._by_address.items() if named == person] or [person.casefold()]
        users = (self._users.get((connection, address)) for address in sorted(addresses))
        return next((user for user in users if user is not None and self.person_of(connection, user) == person), None)


def _handles(person: Person) -> tuple[str, ...]:
    return tuple(handle.casefold() for handle in (person.id, person.login, person.email) if handle)


def read_people(text: str, file: str, connections: Sequence[ConnectionName], problems: Problems) -> PeopleDirectory:
    """
    Read the people file: a header `person,CONNECTION,...`, then a row for each person; an empty cell is "no user".

    A column may hold logins, e-mail addresses or ids. Rows that are wrong are
    noted and left out.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    rows: dict[PersonId, Mapping[ConnectionName, str]] = {}
    for cells in reader:
        line, row = reader.line_num, [cell.strip() for cell in cells]
        if not any(row) or row[0].startswith("#"):
            continue
        if not header:
            header = row
            _check_header(header, _at(file, line), connections, problems)
        elif len(row) > len(header):
            problems.add(
                _at(file, line),
                f"the row has {len(row)} cells, the header {len(header)}",
                "remove what is too much, or put a cell with a comma in quotes",
            )
        else:
            _add_row(
                dict(zip(header, row, strict=False)), file=file, line=line, seen=seen, rows=rows, problems=problems
            )
    if not header:
        problems.add(_at(file, 1), "the people file is empty", f"begin it with: {','.join([PERSON, *connections])}")
    known = set(connections)
    return PeopleDirectory({person: {c: h for c, h in row.items() if c in known} for person, row in rows.items()})


def _at(file: str, line: int) -> Place:
    def locate(_path: object) -> str:
        return f"{file}:{line}"

    located: Callable[[tuple[str | int, ...]], str] = locate
    return Place(located)


def _check_header(header: list[str], place: Place, connections: Sequence[ConnectionName], problems: Problems) -> None:
    if header[0] != PERSON:
        problems.add(place, f'the first column is "{header[0]}", not "{PERSON}"', f'call the first column "{PERSON}"')
    for name in header[1:]:
        if name not in connections:
            problems.unknown(place, "a connection of this portfolio", name, connections)
        if header.count(name) > 1:
            problems.add(place, f'the column "{name}" is there twice', "keep one of them")


def _add_row(
    row: Mapping[str, str],
    *,
    file: str,
    line: int,
    seen: dict[tuple[str, str], int],
    rows: dict[PersonId, Mapping[ConnectionName, str]],
    problems: Problems,
) -> None:
    cells = {name: cell for name, cell in row.items() if cell}
    first = next(iter(row))
    if first not in cells:
        problems.add(
            _at(file, line), "the row names no person", f"write a name of your own in the first column ({first})"
        )
        return
    for name, cell in cells.items():
        earlier = seen.setdefault((name, cell.casefold()), line)
        if earlier != line:
            problems.add(
                _at(file, line), f'"{cell}" is in column {name} twice, first in line {earlier}', "keep one of them"
            )
    person = PersonId(cells.pop(first))
    rows.setdefault(person, {ConnectionName(name): cell for name, cell in cells.items()})
