"""Bad input: a connection that is misconfigured, refused, cut off or overloaded is told, and stops nobody else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from syncd.errors import RemoteError
from syncd.model.refs import ConnectionName
from tests.engine.bench import make_bench
from tests.engine.hand import (
    CREATE,
    GITHUB,
    JIRA,
    OTHER,
    TASK,
    Switchboard,
    after_edits,
    agreed,
    all_is_well,
    census,
    errors,
    github_of,
    jira_of,
    quarantined,
    shown,
)

JIRA_URL, GITHUB_URL = "http://sandbox/jira", "http://sandbox/github"
FIX_URL = "check the connection's url: it must be the tool's own address, without a path it does not need"
FIX_PROJECT = "compare with the project's address, and give the token the scope `project` (an App: Projects, write)"

MISCONFIGURED: Mapping[str, tuple[tuple[str, str], Mapping[str, str], str]] = {
    "a mistyped Jira token": (
        ("", ""),
        {"JIRA_TOKEN": "mistyped"},
        (
            "jira-pmo: the credential was not accepted\n"
            "  fix: check the e-mail and token of jira-pmo: they may be mistyped, expired or revoked"
        ),
    ),
    "another account's e-mail": (
        ("sync-bot@acme.example", "office@acme.example"),
        {},
        (
            "jira-pmo: the credential was not accepted\n"
            "  fix: check the e-mail and token of jira-pmo: they may be mistyped, expired or revoked"
        ),
    ),
    "a mistyped GitHub token": (
        ("", ""),
        {"GITHUB_TOKEN": "mistyped"},
        (
            'github-eng scope.project: the credential was not accepted: "Bad credentials"\n'
            "  fix: check the account and token of github-eng: they may be mistyped, expired or revoked"
        ),
    ),
    "an unknown Jira project": (
        ("PMO, ENG", "PMO, ENGG, OPS"),
        {},
        (
            "jira-pmo (scope.projects): no projects ENGG, OPS, or hidden from this account\n"
            '  fix: correct the keys, or grant the account "Browse projects" there'
        ),
    ),
    "an unknown GitHub project": (
        ("project: 7", "project: 8"),
        {},
        f"github-eng scope.project: acme has no project number 8 that this account may see\n  fix: {FIX_PROJECT}",
    ),
    "an unknown GitHub owner": (
        ("owner: acme", "owner: acmee"),
        {},
        f"github-eng scope.project: acmee has no project number 7 that this account may see\n  fix: {FIX_PROJECT}",
    ),
    "an unknown repository": (
        ("[api, web]", "[api, wep]"),
        {},
        (
            "github-eng scope.repositories acme/wep: there is no repository acme/wep that this account may see\n"
            "  fix: check its spelling, and give the token access to it"
        ),
    ),
    "the address of another tool": (
        (JIRA_URL, GITHUB_URL),
        {},
        (
            "jira-pmo: sandbox answers, but /github/rest/api/3/field is not there: this is not the tool's address\n"
            f"  fix: {FIX_URL}"
        ),
    ),
    "an address without the tool's path": (
        (GITHUB_URL, "http://sandbox"),
        {},
        (
            "github-eng scope.project: sandbox answers, but /graphql is not there: this is not the tool's address\n"
            f"  fix: {FIX_URL}"
        ),
    ),
}


@pytest.mark.parametrize("case", MISCONFIGURED)
async def test_a_connection_that_is_wrongly_configured_says_where_what_and_how(tmp_path: Path, case: str) -> None:
    (old, new), env, told = MISCONFIGURED[case]
    bench = make_bench(tmp_path, items=1)
    right, rightly = bench.main, bench.env
    bench.main, bench.env = right.replace(old, new), {**rightly, **env}
    name = told[: told.index(":")].split()[0]
    assert await errors(bench) == {name: told}
    async with bench.desk() as desk:
        with pytest.raises(RemoteError) as refused:
            await desk.accounts[ConnectionName(name)].connector.check()
    assert refused.value.fix == told.partition("  fix: ")[2]
    assert bench.writes_since(0) == []
    bench.main, bench.env = right, rightly
    assert await errors(bench) == {}


def own_certificate(folder: Path) -> ssl.SSLContext:
    """Make a certificate for loopback that nobody but ourselves has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "own.pem"
    kept = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(kept + made.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@asynccontextmanager
async def a_page_server(page: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve one web page on loopback, whatever is asked, and yield the address without its scheme."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + page)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_address_that_leads_nowhere_says_which_of_many_ways(tmp_path: Path) -> None:
    """Real sockets on loopback: what a refused port, a name nobody has, a web page and a failed handshake look like."""
    bench = make_bench(tmp_path, items=1)
    bench.world = replace(bench.world, transport=lambda: Switchboard(bench.sandbox))
    right = bench.main

    async def told(url: str) -> str:
        bench.main = right.replace(JIRA_URL, url)
        (found,) = (await errors(bench)).items()
        assert found[0] == JIRA
        return found[1]

    async with a_page_server(b"<html>Welcome</html>") as address:
        assert await told(f"http://{address}") == (
            f"jira-pmo: the tool answered with a web page where data was expected\n  fix: {FIX_URL}"
        )
        assert await told(f"https://{address}") == (
            "jira-pmo: no trusted TLS connection to 127.0.0.1: the handshake failed\n"
            "  fix: check the url; for a private certificate authority set SSL_CERT_FILE to its certificate"
        )
    async with a_page_server(b"", own_certificate(tmp_path)) as trusted_by_nobody:
        assert await told(f"https://{trusted_by_nobody}") == (
            "jira-pmo: no trusted TLS connection to 127.0.0.1: self-signed certificate\n"
            "  fix: check the url; for a private certificate authority set SSL_CERT_FILE to its certificate"
        )
    assert await told(f"http://{address}") == (
        "jira-pmo: 127.0.0.1 refused the connection\n  fix: check the url's port, and that the tool is running"
    )
    assert await told("http://jira.invalid") == (
        "jira-pmo: there is no host called jira.invalid\n"
        "  fix: check the url for a typing error, and this machine's DNS"
    )
    assert bench.writes_since(0) == []
    bench.main = right
    assert await errors(bench) == {}


SCOPES_THAT_READ = frozenset({"repo", "read:org", "read:user", "read:project"})


async def test_a_token_without_a_scope_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    github, granted = github_of(bench), bench.env
    jira_of(bench).set(TASK[0], "Start date", "2026-02-01", by="ada")
    jira_of(bench).set(OTHER[0], "summary", "For every reader", by="ada")

    bench.env = {**granted, "GITHUB_TOKEN": github.gate.grant(github.bot, scopes=frozenset({"repo", "read:org"}))}
    told = (await errors(bench))[GITHUB]
    assert told.startswith('github-eng scope.project: GitHub says "Your token has not been granted the required scopes')
    assert told.endswith("\n  fix: give the token the scopes `repo` and `project`")

    bench.env = {**granted, "GITHUB_TOKEN": github.gate.grant(github.bot, scopes=SCOPES_THAT_READ)}
    mark = bench.sandbox.log.mark()
    bench.clock.pass_(600)
    for _ in range(3):
        told = (await errors(bench))[GITHUB]
        assert "The 'updateProjectV2ItemFieldValue' field requires one of the following scopes: ['project']" in told
        assert told.endswith("\n  fix: give the token the scopes `repo` and `project`")
    assert bench.writes_since(mark) == []
    assert await quarantined(bench) == [], "what the credential may not do says nothing of the items"

    bench.env = granted
    await all_is_well(bench)
    assert shown(bench, "github", OTHER[1])["title"] == "For every reader"
    assert shown(bench, "github", TASK[1])["Start date"] == "2026-02-01"


TOOLS = ("jira", "github")
STORMS = {
    "too many requests": ["jira:429:wait=20:after=3:count=6", "github:429:wait=30:after=2:count=6"],
    "a longer wait than we have": ["jira:429:wait=7200", "github:429:wait=7200"],
    "GitHub's other limit": ["github:403:wait=60:count=4"],
    "truncated answers": ["jira:truncated:after=2:count=3", "github:truncated:after=1:count=3"],
    "truncated answers to writes": ["jira:truncated:kind=write:count=2", "github:truncated:kind=write:count=2"],
    "server errors": ["jira:500:count=7", "github:502:count=7"],
    "every tenth request fails": [
        f"{tool}:502:after={passed}:count=1" for tool in TOOLS for passed in range(9, 120, 10)
    ],
    "writes that fail on their way back": [
        "jira:503-after-commit:kind=write:count=3",
        "github:504-after-commit:kind=write:count=3",
    ],
}


@pytest.mark.parametrize("storm", STORMS)
async def test_a_storm_passes_and_leaves_nothing_doubled_or_lost(tmp_path: Path, storm: str) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    jira, github = jira_of(bench), github_of(bench)
    before = census(bench)
    jira.set(TASK[0], "summary", "Through the storm", by="ada")
    github.set(TASK[1], "Status", "Done", by="ben")
    github.set(OTHER[1], "title", "The other way", by="ben")
    jira.add("Story", "ENG", {"title": "Born in a storm"}, by="ada")
    bench.clock.pass_(600)
    for fault in STORMS[storm]:
        bench.sandbox.faults.add(fault)
    for _ in range(3):
        await after_edits(bench)
    if "longer wait" in storm:  # what a tool told to wait for holds, whoever asks
        bench.sandbox.faults.clear()
        bench.clock.pass_(7200)
        await after_edits(bench)
    await all_is_well(bench)
    assert shown(bench, "github", TASK[1])["title"] == "Through the storm"
    assert shown(bench, "jira", TASK[0])["status"] == "Done"
    assert shown(bench, "jira", OTHER[0])["summary"] == "The other way"
    edited = {"Through the storm", "The other way"}
    born = census(bench) - before
    assert {key for key in born if key[1] in edited} == {
        (tool, title) for tool in ("jira", "github") for title in edited
    }
    assert born["jira", "Born in a storm"] == born["github", "Born in a storm"] == 1
    assert sum(census(bench).values()) == sum(before.values()) + 2
