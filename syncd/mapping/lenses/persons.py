"""People fields, through the people directory."""

from __future__ import annotations

from collections.abc import Iterable

from syncd.mapping.lenses.base import BaseLens
from syncd.mapping.lenses.base import People as Directory
from syncd.model.canonical import Value
from syncd.model.lens import CANNOT, NOT_LINKED, Cannot
from syncd.model.native import MISSING, Missing, Native, NativeField, NativeType, People, Person
from syncd.model.refs import ConnectionName, PersonId


class _PersonsLens(BaseLens):
    """What a single person and several have in common."""

    def __init__(self, name: str, native: NativeField, connection: ConnectionName, people: Directory) -> None:
        super().__init__(name)
        self.native = native
        self.connection = connection
        self.people = people

    def _read(self, members: Iterable[Person]) -> dict[Person, PersonId | None]:
        return {person: self.people.person_of(self.connection, person) for person in members}

    def _why_not(self, person: Value) -> Cannot:
        known = isinstance(person, str) and self.people.expects(self.connection, PersonId(person))
        return NOT_LINKED if known else CANNOT

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether they are the same users, however "nobody" is written."""
        return _members(a) == _members(b)

    def _nobody(self, native_now: Native) -> Native | Cannot:
        if not self.native.can_be_empty:
            return CANNOT
        return People(frozenset()) if isinstance(native_now, People) else None

    def why(self, native: Native) -> str:
        """Say who is not in the people file, or that several people stand where one is expected."""
        members = _members(native)
        if members is None:
            return super().why(native)
        unknown = sorted(_called(person) for person, ours in self._read(members).items() if ours is None)
        if unknown:
            verb = "is" if len(unknown) == 1 else "are"
            return f"{', '.join(unknown)} {verb} not in the people file for {self.connection} ({self.name})"
        return f"several people are in {self.name}, which holds one"


class PersonLens(_PersonsLens):
    """
    One canonical person in a field of one user, or of several.

    Several users at once are not a reading: the field is frozen until one is left.
    """

    def get(self, native: Native) -> Value | Missing:
        """Return our name for the user; `MISSING` when unknown, or when there are several."""
        members = _members(native)
        if members is None:
            return MISSING
        found = set(self._read(members).values())
        if not found:
            return None
        [one] = found if len(found) == 1 else [None]
        return MISSING if one is None else one

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the person's user; `CANNOT` when they have none there, `NOT_LINKED` until it was looked up."""
        if self.get(native_now) == value:
            return native_now
        if value is None:
            return self._nobody(native_now)
        user = self.people.native_of(self.connection, PersonId(value)) if isinstance(value, str) else None
        if user is None:
            return self._why_not(value)
        return (
            People(frozenset({user}))
            if isinstance(native_now, People) or self.native.type is NativeType.PEOPLE
            else user
        )


class PeopleLens(_PersonsLens):
    """
    A canonical set of people in a field of several users, or of one.

    Somebody without a user there is left out: outside what the tool can add or
    remove. One unknown user freezes the field of that item.
    """

    def get(self, native: Native) -> Value | Missing:
        """Return our names for the users."""
        members = _members(native)
        if members is None:
            return MISSING
        found = frozenset(self._read(members).values())
        return MISSING if None in found else frozenset(person for person in found if person is not None)

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """
        Return the users: those shown stay while they are wanted, others follow by name as far as there is room.

        `NOT_LINKED` while the user of somebody in the people file was not looked up.
        """
        now = _members(native_now)
        if not isinstance(value, frozenset) or now is None:
            return CANNOT
        ours = self._read(now)
        kept = frozenset(person for person, name in ours.items() if name is None or name in value)
        there = {ours[person] for person in kept}
        missing = [PersonId(name) for name in sorted(value) if name not in there]
        found = {name: self.people.native_of(self.connection, name) for name in missing}
        if any(user is None and self.people.expects(self.connection, name) for name, user in found.items()):
            return NOT_LINKED
        users = [user for user in found.values() if user is not None]
        limit = 1 if self.native.type is NativeType.PERSON else self.native.capacity
        room = len(users) if limit is None else max(0, limit - len(kept))
        members = kept | frozenset(users[:room])
        if members == now:
            return native_now
        if not members:
            return self._nobody(native_now)
        return next(iter(members)) if self.native.type is NativeType.PERSON else People(members)


def _members(native: Native) -> frozenset[Person] | None:
    match native:
        case None:
            return frozenset()
        case Person():
            return frozenset({native})
        case People(members=members):
            return members
        case _:
            return None


def _called(person: Person) -> str:
    """Return a user's name, and what to write into the people file for them."""
    written = person.login or person.email or person.id
    name = person.name or written
    return f'"{name}" ({written})' if written != name else f'"{name}"'
