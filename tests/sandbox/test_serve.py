"""The served sandbox: real sockets on loopback, started and stopped within each test."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import threading
from collections.abc import Iterator

import httpx
import pytest

from syncd.errors import ConfigError, UnavailableError
from syncd.sandbox import client
from syncd.sandbox.serve import Background, announcement, background, serve


@pytest.fixture(scope="module")
def running() -> Iterator[Background]:
    """Yield a served Jira with a small portfolio."""
    with background(["jira"], items=24) as sandbox:
        yield sandbox


def test_the_url_answers_with_the_printed_credentials(running: Background) -> None:
    told = running.sandbox.describe(running.url)["jira"]
    assert isinstance(told, dict)
    response = httpx.get(f"{told['url']}/rest/api/3/myself", auth=(told["email"], told["token"]), trust_env=False)
    assert response.json()["displayName"] == "Sync Bot"
    assert response.json()["self"].startswith(told["url"])


def test_a_person_sets_shows_adds_and_deletes(running: Background) -> None:
    url = running.url
    changed = client.set_value(url, "jira", "ENG-1", "due_on", "2027-03-04", by="Ada Example")
    assert changed["duedate"] == "2027-03-04"
    moved = client.set_value(url, "jira", "ENG-1", "status", "in review")
    assert moved["status"] == "In Review"
    shown = client.show(url, "jira", "ENG-1")
    assert isinstance(shown, dict)
    assert shown["status"] == "In Review"
    made = client.add(url, "jira", "Story", "ENG", {"title": "By hand", "labels": "a, b", "Story Points": "3"})
    assert (made["labels"], made["Story Points"]) == (["a", "b"], 3.0)
    client.delete(url, "jira", str(made["key"]))
    listed = client.show(url, "jira")
    assert isinstance(listed, list)
    assert made["key"] not in {item["key"] for item in listed}


def test_a_person_edits_versions_by_name(running: Background) -> None:
    changed = client.set_value(running.url, "jira", "ENG/SSO beta", "due_on", "2027-05-05")
    assert changed["due_on"] == "2027-05-05"
    made = client.add(running.url, "jira", "version", "PMO", {"title": "By hand", "due_on": "2027-06-06"})
    assert client.archive(running.url, "jira", str(made["key"]))["archived"] is True
    with pytest.raises(ConfigError, match="several versions"):
        client.show(running.url, "jira", "SSO beta")


@pytest.mark.parametrize(
    ("key", "field", "value", "told"),
    [
        ("ENG-1O", "title", "x", 'jira: no item "ENG-1O"\n  fix: did you mean ENG-1'),
        ("ENG-1", "tilte", "x", 'jira:ENG-1: no field "tilte"\n  fix: did you mean title'),
        ("ENG-1", "status", "Dune", 'jira:ENG-1: no status "Dune"\n  fix: did you mean Done?'),
        ("ENG-1", "assignee", "zoe", 'jira: no person "zoe"\n  fix: use one of: ada, admin, ben'),
        ("ENG-1", "labels", ["a b"], "jira:ENG-1 labels: Jira refuses: labels: The label 'a b' contains spaces"),
        ("ENG-1", "Story Points", "many", 'jira: Story Points: "many" is not a number\n  fix: write 3 or 2.5'),
    ],
)
def test_a_slip_is_answered_with_what_is_allowed(
    running: Background, key: str, field: str, value: object, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        client.set_value(running.url, "jira", key, field, value)
    assert str(caught.value).startswith(told)


def test_the_log_tells_the_api_requests_only(running: Background) -> None:
    before = len(client.log(running.url, "jira"))
    client.show(running.url, "jira")
    httpx.get(f"{running.url}/jira/rest/api/3/myself", trust_env=False)
    entries = client.log(running.url, "jira", since=before)
    assert [(one["path"], one["status"], one["kind"]) for one in entries] == [("/rest/api/3/myself", 401, "read")]


def test_a_fault_can_be_armed_and_disarmed_while_it_runs(running: Background) -> None:
    path = f"{running.url}/jira/rest/api/3/myself"
    client.set_fault(running.url, "jira", "503:count=1")
    assert httpx.get(path, trust_env=False).status_code == 503
    client.set_fault(running.url, "jira", "reset")
    with pytest.raises(httpx.TransportError):
        httpx.get(path, trust_env=False)
    client.set_fault(running.url, "jira", "")
    assert httpx.get(path, trust_env=False).status_code == 401
    with pytest.raises(ConfigError, match="no fault"):
        client.set_fault(running.url, "jira", "gremlin")


def test_a_wrong_tool_or_url_is_explained(running: Background) -> None:
    with pytest.raises(ConfigError) as caught:
        client.show(running.url, "jirra")
    assert str(caught.value) == 'sandbox: no tool in this sandbox "jirra"\n  fix: did you mean jira?'
    with pytest.raises(ConfigError) as caught:
        client.show(f"{running.url}/jira", "jira")
    assert caught.value.what == "no sandbox there (HTTP 404)"
    with pytest.raises(UnavailableError) as gone:
        client.show("http://127.0.0.1:1", "jira")
    assert gone.value.fix == "start it with: syncd sandbox serve --tools jira,github"


def test_a_revoked_credential_is_refused_from_then_on() -> None:
    with background(["jira"], items=0) as sandbox:
        told = sandbox.sandbox.describe(sandbox.url)["jira"]
        assert isinstance(told, dict)
        auth = (told["email"], told["token"])
        client.revoke(sandbox.url, "jira")
        answer = httpx.get(f"{sandbox.url}/jira/rest/api/3/myself", auth=auth, trust_env=False)
    assert answer.status_code == 401


class Watcher(io.StringIO):
    """Reads what is printed; once the printed URL answers, asks this process to stop."""

    def flush(self) -> None:
        text = self.getvalue()
        if text.endswith("}\n"):
            threading.Thread(target=self._stop_when_listening, args=(json.loads(text)["sandbox"],)).start()

    @staticmethod
    def _stop_when_listening(url: str) -> None:
        httpx.get(url, trust_env=False)
        os.kill(os.getpid(), signal.SIGTERM)


def test_serving_prints_one_json_object_and_ends_on_sigterm() -> None:
    out = Watcher()
    serve(["jira"], items=3, out=out)
    told = json.loads(out.getvalue())
    assert told["sandbox"].startswith("http://127.0.0.1:")
    assert told["tools"]["jira"]["url"] == told["sandbox"] + "/jira"
    assert told["try"][0] == f"syncd sandbox show jira --url {told['sandbox']}"


def test_redmine_is_served_too_and_its_keys_survive_a_shell() -> None:
    with background(["redmine"], items=3) as sandbox:
        told = sandbox.sandbox.describe(sandbox.url)["redmine"]
        assert isinstance(told, dict)
        headers = {"X-Redmine-API-Key": told["key"]}
        answer = httpx.get(f"{told['url']}/users/current.json", headers=headers, trust_env=False)
        assert answer.json()["user"]["login"] == "sync-bot"
        command = shlex.split(announcement(sandbox.sandbox, sandbox.url)["try"][1])  # type: ignore[index]
        _, _, _, tool, key, field, value, *_ = command
        assert client.set_value(sandbox.url, tool, key, field, value)["subject"] == "Something else"
        client.set_fault(sandbox.url, "redmine", "503:count=1")
        assert httpx.get(f"{told['url']}/projects.json", trust_env=False).status_code == 503


def test_a_port_in_use_is_a_usage_error(running: Background) -> None:
    port = int(running.url.rpartition(":")[2])
    with pytest.raises(ConfigError, match=f"port {port} cannot be used"):
        serve(["jira"], items=0, port=port, out=io.StringIO())
