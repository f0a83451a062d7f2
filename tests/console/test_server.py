"""The server itself, on a real socket: who dribbles, lies about lengths or says too much is shown the door."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

import pytest

from syncd.console import server
from syncd.console.outward import outward_app
from syncd.console.server import Listener, listen, serve, url_of
from syncd.errors import ConfigError
from syncd.settings.listen import Address
from tests.console.conftest import GITHUB, House, issue, signed

LOOPBACK = Address(host="127.0.0.1", port=0)
Ask = Callable[[bytes], Coroutine[None, None, bytes]]


@asynccontextmanager
async def served(house: House, opened: socket.socket | None = None) -> AsyncIterator[Ask]:
    """Serve the receiver on a real socket; yields what sends bytes and returns all that comes until it is closed."""
    stop = asyncio.Event()
    opened = opened or listen(LOOPBACK, "hooks", "syncd.yaml")
    port = opened.getsockname()[1]
    running = asyncio.create_task(serve([Listener(socket=opened, app=outward_app(house.receiver))], stop))

    async def ask(sent: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(sent)
            await writer.drain()
            return await asyncio.wait_for(reader.read(), 10)
        except ConnectionError:
            return b""
        finally:
            writer.close()

    try:
        yield ask
    finally:
        stop.set()
        await running


def request(body: bytes, *headers: str, path: str = f"/hooks/{GITHUB}", length: bool = True) -> bytes:
    told = [f"{name}: {value}" for name, value in signed(body).items()]
    lines = [f"POST {path} HTTP/1.1", "host: here", "connection: close", *told, *headers]
    lines += [f"content-length: {len(body)}"] if length else []
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_a_delivery_over_a_socket(house: House) -> None:
    async with served(house) as ask:
        answer = await ask(request(issue()))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"server:" not in answer.lower()
    assert len(await house.inbox()) == 1


async def test_chunks_are_read_and_counted(house: House) -> None:
    body = issue()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    head = request(body, "transfer-encoding: chunked", length=False).removesuffix(body)
    async with served(house) as ask:
        assert (await ask(head + chunked)).startswith(b"HTTP/1.1 200")
        piece = b"186a0\r\n" + b"x" * 100_000 + b"\r\n"
        refused = await ask(head + piece * 30)
        assert refused == b"" or refused.startswith(b"HTTP/1.1 413")
    assert len(await house.inbox()) == 1


@pytest.mark.parametrize(
    "headers",
    [
        ("content-length: 5",),  # beside the right one
        ("content-length: -1",),
        ("content-length: +5", "x: y"),
        ("x" * 20_000 + ": y",),
        ("a b: c",),
        ("x: " + "y" * 20_000,),
    ],
    ids=["two lengths", "negative", "plus", "long name", "space", "long value"],
)
async def test_headers_that_play_tricks_reach_nobody(house: House, headers: tuple[str, ...]) -> None:
    async with served(house) as ask:
        answer = await ask(request(issue(), *headers))
        assert answer == b"" or answer.split(b" ")[1] in {b"400", b"431"}
    assert await house.inbox() == []


async def test_a_length_that_lies_smuggles_nothing(house: House) -> None:
    """What is sent beyond the length is another request, which has to be signed itself."""
    body = issue()
    smuggled = request(issue("I_2"), length=False).replace(signed(issue("I_2"))["x-hub-signature-256"].encode(), b"no")
    async with served(house) as ask:
        first = request(body).replace(b"connection: close\r\n", b"")
        answers = await ask(first + smuggled)
        assert answers.count(b"HTTP/1.1") == 2
        assert b" 401 " in answers
    assert len(await house.inbox()) == 1


async def test_who_sends_headers_slowly_is_shown_the_door(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADERS_S", 0.1)
    monkeypatch.setattr(server, "IDLE_S", 1)
    async with served(house) as ask:
        assert await ask(b"") == b""
        assert await ask(b"POST /hooks/github-eng HTTP/1.1\r\nhost: h") == b""
        begun = request(issue()).replace(b"connection: close\r\n", b"") + b"POST /hooks/x HTTP"
        assert (await ask(begun)).count(b"HTTP/1.1") == 1, "between two requests as before the first"


async def test_who_sends_a_body_slowly_is_told_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.console.hooks.BODY_S", 0.1)
    async with served(house) as ask:
        assert (await ask(request(issue())[:-5])).startswith(b"HTTP/1.1 408")
    assert await house.inbox() == []


async def test_connections_beyond_so_many_are_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(server, "HEADERS_S", 0.3)
    async with served(house) as ask:
        idle = [asyncio.create_task(ask(b"POST")) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert await ask(request(issue())) == b""
        await asyncio.gather(*idle)
        assert (await ask(request(issue()))).startswith(b"HTTP/1.1 200")


async def test_who_reads_no_answer_holds_no_place(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be read keeps a closed connection open, for as long as its peer likes."""
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 1)
    monkeypatch.setattr(server, "STUCK_S", 0.2, raising=False)
    monkeypatch.setattr(server, "HEADERS_S", 0.3)
    opened = listen(LOOPBACK, "hooks", "syncd.yaml")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    async with served(house, opened) as ask:
        with await _deaf(opened.getsockname()[1]):
            await asyncio.sleep(1)
            assert (await ask(request(issue()))).startswith(b"HTTP/1.1 200")


async def _deaf(port: int) -> socket.socket:
    """Ask for more than all buffers hold, and read nothing of it."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asking.settimeout(0)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(asking, ("127.0.0.1", port))
    one = b"GET /%s HTTP/1.1\r\nhost: here\r\n\r\n" % (b"x" * 20)
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(1):
            await loop.sock_sendall(asking, one * 5000)
    return asking


async def test_what_is_under_way_is_answered_when_it_ends(house: House) -> None:
    gate = asyncio.Event()
    take_in = house.daemon.take_in

    async def slowly(row: object) -> bool:
        await gate.wait()
        return await take_in(row)  # type: ignore[arg-type]

    house.daemon.take_in = slowly  # type: ignore[method-assign]
    async with served(house) as ask:
        asking = asyncio.create_task(ask(request(issue())))
        await asyncio.sleep(0.1)
        asyncio.get_running_loop().call_later(0.3, gate.set)
    assert (await asking).startswith(b"HTTP/1.1 200")


def test_a_port_that_is_taken_is_told_with_its_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as told:
            listen(Address(host="127.0.0.1", port=port), "hooks", "config/syncd.yaml")
    assert f"127.0.0.1:{port}" in told.value.what
    assert told.value.where == "config/syncd.yaml (listen.hooks)"
    assert "off" in str(told.value.fix)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    with pytest.raises(ConfigError):
        listen(Address(host=host, port=0), "admin", "syncd.yaml")


def test_six_is_spoken_too() -> None:
    with listen(Address(host="::1", port=0), "hooks", "syncd.yaml") as opened:
        assert url_of(opened).startswith("http://[::1]:")
