"""What answers by GraphQL have in common: their envelope, their pages, and the parts that must be there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Generic, Protocol, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from syncd.connectors._answers import failed
from syncd.connectors._json import sound
from syncd.errors import NotFoundError, RejectedError, UnavailableError
from syncd.world import World

ATTEMPTS: Final = 3
"""How often a question is asked while the tool answers 200 and "something went wrong"."""
FIRST_WAIT_S: Final = 0.5

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=BaseModel)
ProblemT = TypeVar("ProblemT")


class Payload(BaseModel):
    """The common ground: frozen, and GraphQL's camelCase names."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Envelope(Payload, Generic[ProblemT]):
    """A GraphQL answer: data, errors, or both."""

    data: dict[str, object] | None = None
    errors: tuple[ProblemT, ...] = ()


class PageInfo(Payload):
    """Whether a list goes on, and from where."""

    has_next_page: bool
    end_cursor: str | None = None


class Page(Protocol):
    """One page of a list."""

    @property
    def page_info(self) -> PageInfo: ...


PageT = TypeVar("PageT", bound=Page)


@dataclass(frozen=True, slots=True)
class Reader:
    """Takes answers apart; its errors name the tool."""

    tool: str

    def open(
        self, response: httpx.Response, problem: type[ProblemT], *, where: str, is_write: bool
    ) -> Envelope[ProblemT]:
        """
        Return the envelope, its errors as *problem*.

        Raises:
            RemoteError: it is none.
        """
        try:
            return Envelope[problem].model_validate_json(sound(response.content))  # type: ignore[valid-type]
        except ValidationError as exc:
            raise failed(f"{self.tool}'s answer is not GraphQL", where=where, is_write=is_write) from exc

    def parse(self, model: type[ModelT], value: object, where: str) -> ModelT:
        """
        Return *value* as *model*.

        Raises:
            RejectedError: a required part is missing or of another type.
        """
        try:
            return model.model_validate(value)
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(step) for step in first["loc"])
            raise RejectedError(
                f"{self.tool}'s answer does not fit at {place}: {first['msg']}",
                where=where,
                fix=f"tell the maintainers: {self.tool}'s API has changed",
            ) from exc

    def dig(self, data: Mapping[str, object], path: Sequence[str], where: str) -> object:
        """
        Return what the answer holds at *path*.

        Raises:
            NotFoundError: something on the way is null.
        """
        here: object = data
        for step in path:
            here = here.get(step) if isinstance(here, Mapping) else None
            if here is None:
                raise NotFoundError(
                    f"{self.tool} shows no {step}",
                    where=where,
                    fix="check that it exists and that the account may see it",
                )
        return here


def is_refusal(response: httpx.Response, problem: type[ProblemT], means: Callable[[ProblemT], bool]) -> bool:
    """Tell whether one of the answer's errors is what *means* looks for, and no data came beside it."""
    if b'"errors"' not in response.content:
        return False
    try:
        answer = Envelope[problem].model_validate_json(response.content)  # type: ignore[valid-type]
    except ValidationError:
        return False
    return any(means(error) for error in answer.errors) and not any((answer.data or {}).values())


def answered_at(response: httpx.Response, now: datetime) -> datetime:
    """Return when the tool answered, by its own clock where it tells, else *now*."""
    try:
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return now


async def ask_again(ask: Callable[[], Awaitable[tuple[T, UnavailableError | None]]], world: World) -> T:
    """
    Return the answer *ask* brings, asked for again while it holds a failure of the tool's own.

    Raises:
        UnavailableError: the last answer held one, too.
    """
    for attempt in range(ATTEMPTS):
        answer, error = await ask()
        if error is None:
            return answer
        if attempt + 1 == ATTEMPTS:
            raise error
        await world.sleep(FIRST_WAIT_S * 2.0**attempt)
    raise AssertionError  # the loop returns or raises


async def follow(
    read: Callable[[str | None], Awaitable[tuple[T, PageT]]], *, after: str | None = None, most: int, where: str
) -> AsyncIterator[tuple[T, PageT]]:
    """
    Yield every page *read* brings, with its answer, from the cursor *after* on.

    Raises:
        RejectedError: the list turns in circles, or has more than *most* pages.
    """
    for _ in range(most):
        answer, page = await read(after)
        yield answer, page
        if not page.page_info.has_next_page:
            return
        if page.page_info.end_cursor in {None, after}:
            break
        after = page.page_info.end_cursor
    raise RejectedError("the list never ends", where=where, fix="tell the maintainers; nothing was changed")
