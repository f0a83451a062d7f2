"""Whom to tell: read from `syncd.yaml` with its secrets by reference, every mistake told with place and fix."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from syncd.settings.notify import MailTarget, Topic, WebhookTarget
from tests.settings.folder import ENV, SYNCD, Folder

URL = "https://hooks.chat.example/services/T000/B000/made-up"
SECRETS = {**ENV, "CHAT_URL": URL, "OTHER_URL": "http://hooks.chat.example/2", "MAIL_PASSWORD": "made-up-password"}
MAIL = "host: mail.acme.example, from: syncd@acme.example, to: [ops@acme.example, ada@acme.example]"


def with_notify(*lines: str) -> str:
    return SYNCD + "notify:\n" + "".join(f"  - {line}\n" for line in lines)


def test_nobody_is_told_unless_the_file_says_so(folder: Folder) -> None:
    assert folder.load().notify == ()


def test_webhooks_and_mail_are_read_with_their_secrets(folder: Folder) -> None:
    text = with_notify(
        "webhook: {url: {env: CHAT_URL}}",
        "{webhook: {url: {env: OTHER_URL}}, about: [brake, lag], titles: false}",
        f"smtp: {{{MAIL}, user: syncd, password: {{env: MAIL_PASSWORD}}}}",
        "smtp: {host: localhost, security: none, from: a@b.example, to: c@d.example}",
    )
    loaded = folder.load(syncd=text, env=SECRETS)
    assert loaded.notify == (
        WebhookTarget(name="webhook hooks.chat.example", url=SecretStr(URL)),
        WebhookTarget(
            name="webhook hooks.chat.example (2)",
            url=SecretStr("http://hooks.chat.example/2"),
            about=frozenset({Topic.BRAKE, Topic.LAG}),
            titles=False,
        ),
        MailTarget(
            name="mail mail.acme.example",
            host="mail.acme.example",
            port=587,
            security="starttls",
            user="syncd",
            password=SecretStr("made-up-password"),
            sender="syncd@acme.example",
            to=("ops@acme.example", "ada@acme.example"),
        ),
        MailTarget(
            name="mail localhost",
            host="localhost",
            port=25,
            security="none",
            sender="a@b.example",
            to=("c@d.example",),
        ),
    )
    assert not any(secret in repr(loaded.notify) for secret in (URL, "made-up-password"))


WRONG = {
    "an address written out": (
        f"webhook: {{url: {URL}}}",
        (
            "(notify[0].webhook.url): a secret is written in this file\n"
            "  fix: put it in an environment variable or a file, and write {env: NAME} or {file: path} here"
        ),
    ),
    "a password that is a number": (
        f"smtp: {{{MAIL}, user: syncd, password: 12345}}",
        (
            "(notify[0].smtp.password): a secret is written in this file\n"
            "  fix: put it in an environment variable or a file, and write {env: NAME} or {file: path} here"
        ),
    ),
    "a reference that is none": (
        "webhook: {url: {environment: CHAT_URL}}",
        (
            "(notify[0].webhook.url): this is no reference to a secret\n"
            "  fix: put it in an environment variable or a file, and write {env: NAME} or {file: path} here"
        ),
    ),
    "a variable that is not set": (
        "webhook: {url: {env: NOBODY}}",
        "(notify[0].webhook.url.env): the environment variable NOBODY is not set\n  fix: set NOBODY and start again",
    ),
    "something that is no address": (
        "webhook: {url: {env: PMO_TOKEN}}",
        (
            "(notify[0].webhook.url): it does not stand for a web address\n"
            "  fix: let it hold the whole address, https:// and all"
        ),
    ),
    "neither": (
        "about: [brake]",
        (
            "(notify[0]): it must say either webhook or smtp\n"
            "  fix: write webhook: {url: {env: NAME}}, or smtp: {host: ..., from: ..., to: ...}"
        ),
    ),
    "an unknown topic": (
        "{webhook: {url: {env: CHAT_URL}}, about: [brakes]}",
        (
            '(notify[0].about[0]): "brakes" is not allowed here (did you mean "brake"?)\n  fix: use one of '
            "credential, configuration, brake, skipped, lag, conflict, quarantine, unmapped"
        ),
    ),
    "a password in the open": (
        f"smtp: {{{MAIL}, security: none, user: syncd, password: {{env: MAIL_PASSWORD}}}}",
        (
            "(notify[0].smtp.security): the password would cross the network for everybody to read\n"
            "  fix: use starttls or tls"
        ),
    ),
    "a user without a password": (
        f"smtp: {{{MAIL}, user: syncd}}",
        "(notify[0].smtp): a user and a password go together\n  fix: give both, or neither",
    ),
    "a name beside the address": (
        "smtp: {host: mail.acme.example, from: a@b.example, to: 'Ada <ada@acme.example>'}",
        '(notify[0].smtp.to): "Ada <ada@acme.example>" is not a mail address\n  fix: write it as name@host.example',
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_told_with_place_and_fix(case: str, folder: Folder) -> None:
    line, expected = WRONG[case]
    told = folder.told(syncd=with_notify(line), env=SECRETS)
    assert expected in told
    assert told.endswith("1 problem in the configuration")
    assert URL not in told
    assert "12345" not in told


@pytest.mark.parametrize(
    ("every", "bound", "expected"),
    [("60s", None, 900.0), ("5m", None, 900.0), ("1h", None, 10800.0), ("60s", "2m", 120.0), ("1h", "1d", 86400.0)],
)
def test_lag_is_bounded_by_a_quarter_of_an_hour_or_by_what_every_allows(
    every: str, bound: str | None, expected: float, folder: Folder
) -> None:
    text = SYNCD.replace("    every: 5m\n", f"    every: {every}\n" + (f"    lag_bound: {bound}\n" if bound else ""))
    assert folder.load(syncd=text).portfolios["platform"].lag_bound_s == expected


def test_a_bound_that_a_healthy_portfolio_would_pass_is_refused(folder: Folder) -> None:
    told = folder.told(syncd=SYNCD.replace("    every: 5m\n", "    every: 5m\n    lag_bound: 9m\n"))
    assert told.startswith(
        "config/syncd.yaml:19 (portfolios.platform.lag_bound): a connection that is read as often as"
    )
