"""Where the daemon listens: two addresses that are apart, and a token by reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.mapping.problems import Place, Problems
from syncd.mapping.schema import Strict
from syncd.settings.listen import Address, Listen, ListenModel, read_listen
from syncd.settings.secrets import Resolver


def read(env: dict[str, str] | None = None, **said: object) -> tuple[Listen, list[str]]:
    """Return what is read from *said*, and what is wrong with it."""
    problems = Problems()
    resolver = Resolver(Path(), env or {}, problems)
    listen = read_listen(ListenModel.model_validate(said), PLACE, resolver, problems)
    return listen, [each.what for each in problems.found]


PLACE = Place(lambda _path: "syncd.yaml:1", ("listen",))


def test_nothing_said_is_loopback_and_no_token() -> None:
    assert read() == (Listen(), [])
    assert issubclass(ListenModel, Strict)


def test_addresses_are_read() -> None:
    listen, wrong = read(hooks="[::1]:0", admin="off")
    assert (listen.hooks, listen.admin, wrong) == (Address(host="::1", port=0), None, [])
    assert str(listen.hooks) == "[::1]:0"


@pytest.mark.parametrize(
    "address", ["8080", "127.0.0.1", "127.0.0.1:70000", "http://a:1", "a b:1", "::1:80", 8080, None]
)
def test_what_is_no_address_is_told(address: object) -> None:
    with pytest.raises(ValueError, match=r"not an address|valid string"):
        ListenModel.model_validate({"hooks": address})


def test_one_address_cannot_serve_both() -> None:
    assert "cannot both listen" in read(hooks="127.0.0.1:9000", admin="127.0.0.1:9000")[1][0]


@pytest.mark.parametrize("token", ["short", "with a space in it 123", "not-ascii-\xe9-not-ascii"])
def test_a_token_that_is_none_is_told_without_showing_it(token: str) -> None:
    (what,) = read({"T": token}, token={"env": "T"})[1]
    assert token not in what


def test_a_token_written_out_is_refused() -> None:
    assert read(token="0123456789abcdef0123")[1] == ["a secret is written in this file"]
