"""What a connection may say about its webhooks."""

from __future__ import annotations

import pytest

from tests.settings.folder import ENV, SYNCD, Folder

LONG = "made-up-secret-of-32-characters."
HOOK = ENV | {"HOOK": LONG, "SHORT": "made-up", "ODD": "made up / of many characters"}
SIGNED = SYNCD.replace("    mode: write", "    mode: write\n    webhook: {secret: {env: HOOK}}")
BY_PATH = SYNCD.replace("    tool: board", "    tool: board\n    webhook: {token: {env: HOOK}}")


def test_a_secret_is_what_a_tool_signs_with(folder: Folder) -> None:
    webhook = folder.load(syncd=SIGNED, env=HOOK).connections["pmo"].webhook  # type: ignore[index]
    assert webhook is not None
    assert (webhook.secret and webhook.secret.get_secret_value(), webhook.token) == (LONG, None)
    assert LONG not in repr(webhook)


@pytest.mark.parametrize("text", [BY_PATH, SIGNED.replace("secret:", "token:")])
def test_a_token_ends_the_url_of_tools_that_do_not_sign_and_of_those_that_do(folder: Folder, text: str) -> None:
    webhooks = [each.webhook for each in folder.load(syncd=text, env=HOOK).connections.values() if each.webhook]
    assert [each.token and each.token.get_secret_value() for each in webhooks] == [LONG]


def test_without_webhook_none_are_taken(folder: Folder) -> None:
    assert {each.webhook for each in folder.load().connections.values()} == {None}


WRONG = {
    "a secret where nothing is signed": (
        BY_PATH.replace("token: {env: HOOK}", "secret: {env: HOOK}"),
        (
            "config/syncd.yaml:11 (connections.eng.webhook.secret): board does not sign its webhooks\n"
            "  fix: write token: {env: NAME} instead, and end the URL it calls with that token"
        ),
    ),
    "neither": (
        SIGNED.replace("{secret: {env: HOOK}}", "{}"),
        (
            "config/syncd.yaml:9 (connections.pmo.webhook): it must say either secret or token\n"
            "  fix: write webhook: {secret: {env: NAME}}"
        ),
    ),
    "neither, where nothing is signed": (
        BY_PATH.replace("{token: {env: HOOK}}", "{}"),
        (
            "config/syncd.yaml:11 (connections.eng.webhook): it must say either secret or token\n"
            "  fix: write webhook: {token: {env: NAME}}"
        ),
    ),
    "both": (
        SIGNED.replace("{secret: {env: HOOK}}", "{secret: {env: HOOK}, token: {env: HOOK}}"),
        (
            "config/syncd.yaml:9 (connections.pmo.webhook): it must say either secret or token\n"
            "  fix: write webhook: {secret: {env: NAME}}"
        ),
    ),
    "written out": (
        SIGNED.replace("{env: HOOK}", LONG),
        (
            "config/syncd.yaml:9 (connections.pmo.webhook.secret): a secret is written in this file\n"
            "  fix: put it in an environment variable or a file, and write {env: NAME} or {file: path} here"
        ),
    ),
    "no reference": (
        SIGNED.replace("{env: HOOK}", "{enw: HOOK}"),
        (
            "config/syncd.yaml:9 (connections.pmo.webhook.secret): this is no reference to a secret\n"
            "  fix: put it in an environment variable or a file, and write {env: NAME} or {file: path} here"
        ),
    ),
    "not set": (
        SIGNED.replace("HOOK", "HUUK"),
        (
            "config/syncd.yaml:9 (connections.pmo.webhook.secret.env): the environment variable HUUK is not set\n"
            "  fix: set HUUK and start again"
        ),
    ),
    "short": (
        SIGNED.replace("HOOK", "SHORT"),
        (
            "config/syncd.yaml:9 (connections.pmo.webhook.secret): a secret of 7 characters can be guessed\n"
            "  fix: make one with: openssl rand -hex 32 (at least 16)"
        ),
    ),
    "no end of a URL": (
        BY_PATH.replace("HOOK", "ODD"),
        (
            "config/syncd.yaml:11 (connections.eng.webhook.token): a token is the end of a URL, and this one does not "
            "fit there\n  fix: make one with: openssl rand -hex 32"
        ),
    ),
    "a tool without webhooks": (
        BY_PATH.replace("tool: board", "tool: hookless"),
        (
            "config/syncd.yaml:11 (connections.eng.webhook): syncd reads no webhooks of hookless\n"
            "  fix: remove it: changes are found by looking every so often"
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_what_to_write(folder: Folder, case: str) -> None:
    text, told = WRONG[case]
    assert folder.told(syncd=text, env=HOOK) == f"{told}\n1 problem in the configuration"
    assert LONG not in told
