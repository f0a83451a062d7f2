"""
Faults on demand: `TOOL:NAME[=VALUE][:OPTION=VALUE]...`.

`jira:429:after=10:count=3`, `github:502-after-commit:match=createIssue`,
`jira:timeout`, `jira:403:item=PMO-12`, `jira:latency=200`. Names live in
`FAULTS`; add one with `@fault("name", ...)`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.responses import JSONResponse, Response

from syncd.errors import ConfigError
from syncd.sandbox.log import Judgement, RequestKind
from syncd.sandbox.replica import Replica
from syncd.sandbox.sender import KNOBS as HOOKS
from syncd.sandbox.sender import PREFIX, Sender
from syncd.sandbox.standin import StandIn, unknown
from syncd.world import World

OPTIONS: Final = {
    "after": "let that many matching requests pass first",
    "count": "strike that many times, then never again",
    "match": "only requests whose operation, path or body holds this text",
    "item": "only requests that address this item directly",
    "method": "only this HTTP method",
    "kind": "read or write: only those requests",
    "wait": "seconds to wait, told to or taken from the client",
    "reason": "the tool's own word for the reason (RateLimit-Reason)",
}
NUMBERS: Final = frozenset({"after", "count", "wait"})
DEFAULT_TIMEOUT_S: Final = 120.0
"""Longer than any client should wait."""
DEFAULT_SLOW_S: Final = 20.0
"""As long as a client should wait."""
DEFAULT_STALE_S: Final = 5.0
"""As long as a replica takes to catch up on a bad day."""
SORRY: Final = "Something went wrong while executing your query."


class ConnectionLost(Exception):  # noqa: N818 - what happened, not a mistake
    """Carries a fault out of the app: the client gets no answer. *timed_out*: it waited; *refused*: nobody listened."""

    def __init__(self, *, timed_out: bool = False, refused: bool = False) -> None:
        super().__init__("the connection was cut on purpose")
        self.timed_out = timed_out
        self.refused = refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request about to be carried out."""

    standin: StandIn
    world: World
    method: str
    path: str
    body: bytes
    judgement: Judgement
    carry_out: Callable[[], Awaitable[Response]]
    """Carry the request out and return the tool's answer; at most once."""
    ask_replica: Callable[[], Awaitable[Response]]
    """Have it answered by the tool's replica, which may be behind; of reads only."""
    replica: Replica
    former: Response | None = None
    """What the same operation was answered last time."""

    @property
    def is_graphql(self) -> bool:
        """Whether it may ask for several things at once."""
        return self.path.endswith("/graphql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One fault as written on the command line."""

    text: str
    tool: str
    name: str
    value: str | None
    options: Mapping[str, str]

    def number(self, option: str, default: float) -> float:
        """Return a numeric option."""
        return float(self.options.get(option, default))


Strike: TypeAlias = Callable[[Spec, Exchange], Awaitable[Response]]
FAULTS: Final[dict[str, Strike]] = {}
"""What each named fault does instead of simply carrying the request out."""
KNOBS: Final = frozenset({"lag", "burst", *(f"{PREFIX}{name}" for name in HOOKS)})
"""Names with a value that are handed to the stand-in itself once (`StandIn.tune`), or to what sends its webhooks."""
VALUED: Final = frozenset({"latency"}) | KNOBS


def fault(*names: str) -> Callable[[Strike], Strike]:
    """Register a fault under these names."""

    def register(strike: Strike) -> Strike:
        FAULTS.update(dict.fromkeys(names, strike))
        return strike

    return register


STATUSES: Final = (
    "301",
    "400",
    "401",
    "403",
    "404",
    "408",
    "409",
    "410",
    "412",
    "422",
    "423",
    "429",
    "500",
    "502",
    "503",
    "504",
)


@fault(*STATUSES)
async def _status(spec: Spec, exchange: Exchange) -> Response:
    """Refuse before anything is carried out."""
    return exchange.standin.refusal(int(spec.name), spec.options)


@fault(*(f"{status}-after-commit" for status in STATUSES))
async def _status_after_commit(spec: Spec, exchange: Exchange) -> Response:
    """Carry out, then answer as if it had failed."""
    await exchange.carry_out()
    return exchange.standin.refusal(int(spec.name.split("-")[0]), spec.options)


@fault("refused")
async def _refused(_spec: Spec, _exchange: Exchange) -> Response:
    """Let nobody listen, carry nothing out."""
    raise ConnectionLost(refused=True)


@fault("timeout")
async def _timeout(spec: Spec, exchange: Exchange) -> Response:
    """Never answer, carry nothing out."""
    await exchange.world.sleep(spec.number("wait", DEFAULT_TIMEOUT_S))
    raise ConnectionLost(timed_out=True)


@fault("timeout-after-commit")
async def _timeout_after_commit(spec: Spec, exchange: Exchange) -> Response:
    """Carry out, never answer."""
    await exchange.carry_out()
    return await _timeout(spec, exchange)


@fault("reset")
async def _reset(_spec: Spec, _exchange: Exchange) -> Response:
    """Cut the connection, carry nothing out."""
    raise ConnectionLost


@fault("reset-after-commit")
async def _reset_after_commit(_spec: Spec, exchange: Exchange) -> Response:
    """Carry out, then cut the connection."""
    await exchange.carry_out()
    raise ConnectionLost


@fault("truncated")
async def _truncated(_spec: Spec, exchange: Exchange) -> Response:
    """Carry out, then send half of the answer as if it were whole."""
    answer = await exchange.carry_out()
    half = bytes(answer.body)[: len(answer.body) // 2]
    return Response(half, answer.status_code, media_type=answer.headers.get("content-type", "application/json"))


@fault("ignored")
async def _ignored(_spec: Spec, exchange: Exchange) -> Response:
    """Say that a change was made, and make none; of anything else, carry it out."""
    return Response(status_code=204) if exchange.method == "PUT" else await exchange.carry_out()


@fault("slow")
async def _slow(spec: Spec, exchange: Exchange) -> Response:
    """Carry out at once, and take long to say so."""
    answer = await exchange.carry_out()
    await exchange.world.sleep(spec.number("wait", DEFAULT_SLOW_S))
    return answer


@fault("stale")
async def _stale(spec: Spec, exchange: Exchange) -> Response:
    """For some seconds after a write, let reads see what was there before it, and nothing that was made."""
    if exchange.judgement.kind is RequestKind.READ:
        return await exchange.ask_replica()
    exchange.replica.fall_behind(spec.number("wait", DEFAULT_STALE_S))
    return await exchange.carry_out()


@fault("swapped")
async def _swapped(_spec: Spec, exchange: Exchange) -> Response:
    """Give the answer that the same operation got last time, carrying nothing out; the first time, carry out."""
    return exchange.former or await exchange.carry_out()


@fault("swapped-after-commit")
async def _swapped_after_commit(_spec: Spec, exchange: Exchange) -> Response:
    """Carry out, then give the answer that the same operation got last time, if it did."""
    answer = await exchange.carry_out()
    return exchange.former or answer


@fault("graphql-errors")
async def _graphql_errors(_spec: Spec, exchange: Exchange) -> Response:
    """Answer a GraphQL request with status 200 and nothing but an error, carrying nothing out."""
    if not exchange.is_graphql:
        return await exchange.carry_out()
    return JSONResponse({"data": None, "errors": [{"message": SORRY}]})


@fault("graphql-partial")
async def _graphql_partial(_spec: Spec, exchange: Exchange) -> Response:
    """Carry a GraphQL request out, then leave the last thing it asked for out of the answer, with an error for it."""
    answer = await exchange.carry_out()
    told = json.loads(bytes(answer.body)) if exchange.is_graphql else {}
    if not told.get("data"):
        return answer
    last = list(told["data"])[-1]
    told["data"][last] = None
    told.setdefault("errors", []).append({"message": SORRY, "path": [last]})
    return JSONResponse(told, answer.status_code)


@fault("latency")
async def _latency(spec: Spec, exchange: Exchange) -> Response:
    """Carry out after so many milliseconds."""
    await exchange.world.sleep(float(spec.value or 0) / 1000)
    return await exchange.carry_out()


def parse_fault(text: str, tools: Sequence[str]) -> Spec:
    """Read one `--fault`; raises `ConfigError` naming what is allowed."""
    where = f"--fault {text}"
    tool, *rest = text.split(":")
    if tool not in tools:
        raise unknown("tool", tool, tools, where=where)
    if not rest or not rest[0]:
        raise ConfigError(
            "a fault needs a name", where=where, fix=f"use one of: {', '.join(sorted([*FAULTS, *KNOBS]))}"
        )
    name, _, value = rest[0].partition("=")
    if name not in FAULTS and name not in KNOBS:
        raise unknown("fault", name, [*FAULTS, *KNOBS], where=where)
    if (name in VALUED) != bool(value):
        wants = f"{name}=NUMBER" if name in VALUED else name
        raise ConfigError(f'"{rest[0]}" is not how this fault is written', where=where, fix=f"write {tool}:{wants}")
    if value:
        _check_number(name, value, where)
    return Spec(text=text, tool=tool, name=name, value=value or None, options=_options(rest[1:], where))


def _options(parts: Sequence[str], where: str) -> dict[str, str]:
    options = {}
    for part in parts:
        name, _, value = part.partition("=")
        if name not in OPTIONS:
            raise unknown("option", name, OPTIONS, where=where)
        if not value:
            raise ConfigError(f'option "{name}" needs a value', where=where, fix=f"write {name}=…: {OPTIONS[name]}")
        if name in NUMBERS:
            _check_number(name, value, where)
        if name == "kind" and value not in list(RequestKind):
            raise unknown("kind", value, list(RequestKind), where=where)
        options[name] = value
    return options


def _check_number(name: str, value: str, where: str) -> None:
    try:
        good = float(value) >= 0
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f'"{value}" is not a number', where=where, fix=f"give {name} a number, 0 or more")


class ArmedFault:
    """A fault waiting for its moment: counts what it let pass and how often it struck."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.passed = 0
        self.struck = 0

    def strikes(self, exchange: Exchange) -> bool:
        """Say whether it strikes this request, counting it."""
        if not self._concerns(exchange):
            return False
        if self.passed < self.spec.number("after", 0):
            self.passed += 1
            return False
        if self.struck >= self.spec.number("count", float("inf")):
            return False
        self.struck += 1
        return True

    def _concerns(self, exchange: Exchange) -> bool:
        options, judgement = self.spec.options, exchange.judgement
        if "method" in options and options["method"].upper() != exchange.method:
            return False
        if "kind" in options and options["kind"] != judgement.kind:
            return False
        if "item" in options and not exchange.standin.spellings(options["item"]) & judgement.items:
            return False
        haystack = f"{judgement.operation}\n{exchange.path}\n{exchange.body.decode(errors='replace')}"
        return options.get("match", "") in haystack


class Faults:
    """The faults in force. They may be added and cleared while the sandbox runs."""

    def __init__(self, tools: Mapping[str, StandIn]) -> None:
        self._tools = tools
        self._armed: list[ArmedFault] = []
        self.sender: Sender | None = None
        """What sends webhooks, if something does."""

    def add(self, text: str) -> ArmedFault | None:
        """Arm the fault written as *text*, or turn the stand-in's own knob (then `None`)."""
        spec = parse_fault(text, sorted(self._tools))
        if spec.name in KNOBS:
            if not self._tune(spec):
                raise ConfigError(f'{spec.tool} has no "{spec.name}"', where=f"--fault {text}", fix="leave it out")
            return None
        armed = ArmedFault(spec)
        self._armed.append(armed)
        return armed

    def _tune(self, spec: Spec) -> bool:
        if not spec.name.startswith(PREFIX):
            return self._tools[spec.tool].tune(spec.name, spec.value or "")
        return self.sender is not None and self.sender.tune(spec.tool, spec.name.removeprefix(PREFIX), spec.value or "")

    def clear(self) -> None:
        """Disarm all."""
        self._armed.clear()

    def pick(self, exchange: Exchange) -> Spec | None:
        """Return the first armed fault that strikes this request."""
        mine = (armed for armed in self._armed if armed.spec.tool == exchange.standin.name)
        return next((armed.spec for armed in mine if armed.strikes(exchange)), None)
