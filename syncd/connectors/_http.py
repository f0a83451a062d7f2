"""
Requests to one connection: paced, retried where that is safe, every answer judged in one table (style.md section 7).

The only module that knows tenacity, and the only table from response to error.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from weakref import WeakKeyDictionary

import httpx
import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from syncd.connectors._answers import elsewhere, judge, judge_failure, retry_hint_s, same_origin
from syncd.connectors._budget import AFTER_WINDOW_S, ALL, Budget
from syncd.connectors._flow import MOST, Flow, Slots, sort_of
from syncd.connectors._fresh import check_fresh
from syncd.errors import NotFoundError, RateLimitedError, RemoteError, UnavailableError
from syncd.model.refs import ConnectionName
from syncd.world import World

MAX_ATTEMPTS: Final = 5
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 20.0
MAX_REDIRECTS: Final = 3
REDIRECTS: Final = frozenset({301, 302, 307, 308})
TOO_MUCH: Final = frozenset({429, 503})
"""What a tool answers that has too much to do."""
USER_AGENT: Final = "syncd/0.1"

Params = Mapping[str, str | int | float | bool | list[str] | None]
Classify = Callable[[httpx.Response], RemoteError | None]
Observe = Callable[[str, httpx.Response], None]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One request as the connector meant it."""

    method: str
    url: str
    is_write: bool
    where: str
    bucket: str
    cost: float
    params: Params | None = None
    json: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: frozenset[int] = frozenset()
    is_landmark: bool = False


@dataclass(frozen=True, slots=True)
class _Answered:
    """What came back, when it was sent and came (`World.monotonic`), and how many were under way when it was sent."""

    response: httpx.Response
    sent_s: float
    at_s: float
    busy: int


_BUDGETS: Final[WeakKeyDictionary[httpx.AsyncClient, Budget]] = WeakKeyDictionary()


def budget_of(client: httpx.AsyncClient) -> Budget | None:
    """Return the budget that requests through *client* are counted against, as far as a connector has one."""
    return _BUDGETS.get(client)


class Http:
    """
    The one way a connector talks to its tool.

    *classify* may judge an answer before the common table does (GitHub's 403
    that is a rate limit, GraphQL's 200 with errors); `None` leaves it to the
    table. *observe* is shown every answer with its bucket, to note what its
    headers say about the budget. *base_url* is put before urls that start with
    `/`; *headers* go with every request.
    """

    def __init__(
        self,
        *,
        name: ConnectionName,
        client: httpx.AsyncClient,
        world: World,
        budget: Budget,
        classify: Classify | None = None,
        observe: Observe | None = None,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.budget = budget
        self.slots = Slots(Flow())
        self._client = client
        _BUDGETS[client] = budget
        self._world = world
        self._classify = classify
        self._observe = observe
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})

    async def read(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        where: str | None = None,
        bucket: str = "default",
        cost: float = 1.0,
        accept: frozenset[int] = frozenset(),
        is_landmark: bool = False,
    ) -> httpx.Response:
        """
        Ask for something; asking again does no harm, so failures are retried within bounds.

        *where* names what is asked about (`jira-pmo:issue:10001`); *bucket*
        and *cost* say what it counts against; answers with a status in
        *accept* are the caller's to judge, once *classify* has passed them. A landmark is there at every such
        tool and for every account: where it is missing, the url is wrong.

        Raises:
            RemoteError: by the table; `UnavailableError` once the bounds are used up.
        """
        return await self._retried(
            self._ask(
                method=method,
                url=url,
                params=params,
                json=json,
                headers=headers,
                where=where,
                bucket=bucket,
                cost=cost,
                accept=accept,
                is_write=False,
                is_landmark=is_landmark,
            )
        )

    async def write(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        where: str | None = None,
        bucket: str = "default",
        cost: float = 1.0,
        accept: frozenset[int] = frozenset(),
    ) -> httpx.Response:
        """
        Change something, at most once.

        Sent again only where it surely was not carried out: 429, or no
        connection in the first place.

        Raises:
            OutcomeUnknownError: it may have been carried out (5xx, time-out, lost connection).
            UnavailableError: it surely was not: no connection could be made.
            ReadTooOldError: nothing was sent, since what it goes by was read too long ago (`sent_by`).
            RemoteError: otherwise by the table.
        """
        return await self._retried(
            self._ask(
                method=method,
                url=url,
                params=params,
                json=json,
                headers=headers,
                where=where,
                bucket=bucket,
                cost=cost,
                accept=accept,
                is_write=True,
            )
        )

    def _ask(
        self,
        *,
        method: str,
        url: str,
        params: Params | None,
        json: object,
        headers: Mapping[str, str] | None,
        where: str | None,
        bucket: str,
        cost: float,
        accept: frozenset[int],
        is_write: bool,
        is_landmark: bool = False,
    ) -> _Ask:
        place = self.name if where is None else where if where.startswith(self.name) else f"{self.name} {where}"
        return _Ask(
            method=method,
            url=f"{self._base_url}{url}" if url.startswith("/") else url,
            params={key: value for key, value in params.items() if value is not None} if params else None,
            json=json,
            headers={**self._headers, **(headers or {})},
            where=place,
            bucket=bucket,
            cost=cost,
            accept=accept,
            is_write=is_write,
            is_landmark=is_landmark,
        )

    async def _retried(self, ask: _Ask) -> httpx.Response:
        """Send it; only once that failed for now, tenacity is asked when to send it again."""
        started = self._world.monotonic()
        try:
            return await self._once(ask)
        except (RateLimitedError, UnavailableError) as exc:
            failures: list[Exception] = [exc]

        async def again() -> httpx.Response:
            if failures:
                raise failures.pop()
            return await self._once(ask)

        def must_stop(state: RetryCallState) -> bool:
            spent_s = self._world.monotonic() - started
            return state.attempt_number >= MAX_ATTEMPTS or spent_s + state.upcoming_sleep > self.budget.max_wait_s

        attempts = AsyncRetrying(
            sleep=self._world.sleep,
            wait=self._wait_s,
            stop=must_stop,
            retry=retry_if_exception(_may_retry),
            reraise=True,
        )
        return await attempts(again)

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimitedError):
            return error.wait_s + AFTER_WINDOW_S
        most = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1))
        return most / 2 + self._world.random.uniform(0.0, most / 2)

    async def _once(self, ask: _Ask) -> httpx.Response:
        try:
            return await self._judged(ask)
        finally:
            await self.budget.tell()

    async def _judged(self, ask: _Ask) -> httpx.Response:
        """Send one request, with the redirects of a GET followed on the same host, and judge the answer."""
        url = ask.url
        for _ in range(MAX_REDIRECTS + 1):
            answered = await self._send(ask, url)
            response = answered.response
            if ask.method != "GET" or response.status_code not in REDIRECTS or response.next_request is None:
                break
            target = response.next_request.url
            if not same_origin(httpx.URL(url), target):
                break
            url = str(target)
        self._obey_hints(response)
        if self._observe:
            self._observe(ask.bucket, response)
        error = self._classify(response) if self._classify else None
        self._pace(ask, answered, refused=isinstance(error, RateLimitedError))
        if error is None and response.status_code in ask.accept:
            return response
        error = error or judge(response, name=self.name, where=ask.where, is_write=ask.is_write, now=self._world.now())
        if isinstance(error, RateLimitedError) and error.wait_s > 0.0:
            self.budget.block_until(ask.bucket, self._world.now() + timedelta(seconds=error.wait_s))
        if isinstance(error, NotFoundError) and ask.is_landmark:
            error = elsewhere(url, where=ask.where)
        if error:
            raise error
        return response

    async def _send(self, ask: _Ask, url: str) -> _Answered:
        await self._take_turn(ask)
        try:
            return await self._exchange(ask, url)
        finally:
            self.slots.leave()

    async def _take_turn(self, ask: _Ask) -> None:
        """Wait until it may leave: for its budget, for a slot, and for whatever it was told to wait for meanwhile."""
        await self.budget.take(ask.bucket, ask.cost)
        while await self.slots.enter():
            try:
                is_free = await self.budget.is_free(ask.bucket)
            except BaseException:
                self.slots.leave()
                raise
            if is_free:
                return
            self.slots.leave()
            await self.budget.outwait(ask.bucket)

    async def _exchange(self, ask: _Ask, url: str) -> _Answered:
        if ask.is_write:
            check_fresh(self._world.monotonic(), ask.where)
        params = ask.params if url == ask.url else None  # a redirect's target carries its own query
        started, busy = self._world.monotonic(), self.slots.taken
        try:
            response = await self._client.request(
                ask.method, url, params=params, json=ask.json, headers=ask.headers, follow_redirects=False
            )
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as exc:
            if isinstance(exc, httpx.ReadTimeout):
                self.slots.flow.refused(sent_s=started, now=self._world.monotonic())
            raise judge_failure(exc, url=url, where=ask.where, is_write=ask.is_write) from exc
        response.stream = httpx.ByteStream(response.content)  # the stream it was read from rings with it: a page a leak
        ended = self._world.monotonic()
        log.debug(
            "request_answered",
            connector=self.name,
            method=ask.method,
            path=response.request.url.path,
            status=response.status_code,
            took_s=round(ended - started, 3),
        )
        return _Answered(response, started, ended, busy)

    def _pace(self, ask: _Ask, answered: _Answered, *, refused: bool) -> None:
        """Let more or fewer be under way from now on."""
        sent_s, now, response = answered.sent_s, answered.at_s, answered.response
        if refused or response.status_code in TOO_MUCH:
            self.slots.flow.refused(sent_s=sent_s, now=now)
        else:
            sort = sort_of(ask.bucket, len(response.content))
            self.slots.flow.answered(sort, sent_s=sent_s, now=now, busy=answered.busy)

    def _obey_hints(self, response: httpx.Response) -> None:
        """Block the whole connection for as long as a `Retry-After` says, whatever the status."""
        wait_s = retry_hint_s(response, self._world.now())
        if wait_s:
            self.budget.block_until(ALL, self._world.now() + timedelta(seconds=wait_s))


def _may_retry(error: BaseException) -> bool:
    """Tell whether the same request may go out again: it was not carried out, or only reads."""
    return isinstance(error, RateLimitedError | UnavailableError) and not getattr(error, "is_final", False)


def make_client(world: World, *, timeout_s: float = 30.0, verify: ssl.SSLContext | bool = True) -> httpx.AsyncClient:
    """
    Return one connection's HTTP client: bounded in time and in connections, following no redirects.

    The caller closes it.
    """
    return httpx.AsyncClient(
        transport=world.transport() if world.transport else None,
        timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
        limits=httpx.Limits(max_connections=MOST, max_keepalive_connections=10, keepalive_expiry=20.0),
        headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        follow_redirects=False,
        verify=verify,
    )
