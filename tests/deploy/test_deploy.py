"""What is shipped to run syncd: linted and parsed; test_image.py carries it out."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from syncd.cli import main
from syncd.engine.tools import tools
from syncd.settings.load import load
from syncd.settings.starter import VARIABLES
from tests.deploy.steps import DOCKERFILE, ROOT, stages


def compose() -> Any:  # noqa: ANN401 - as the file has it
    return YAML(typ="safe").load(ROOT / "deploy" / "compose.yaml")


def unit() -> dict[str, str]:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(ROOT / "deploy" / "syncd.service")
    return dict(parser["Service"])


def test_the_dockerfile_is_linted() -> None:
    ran = subprocess.run(  # noqa: S603
        [Path(sys.executable).parent / "hadolint", DOCKERFILE], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_image_ends_as_nobody_of_note_and_knows_how_it_is() -> None:
    last = {step.name: step.text for step in stages()[-1]}
    assert last["USER"] == "10001:10001"
    assert last["EXPOSE"] == "8080"
    assert last["ENTRYPOINT"] == '["syncd"]'
    assert '"syncd", "health"' in last["HEALTHCHECK"]
    assert all(":" in stage[0].text and "latest" not in stage[0].text for stage in stages())
    assert "--require-hashes" in str(stages()[0])


def test_the_compose_file_lets_nothing_out_but_the_hooks() -> None:
    services = compose()["services"]
    syncd = services["syncd"]
    assert syncd["read_only"] is True
    assert syncd["cap_drop"] == ["ALL"]
    assert syncd["volumes"] == ["./config:/config:ro", "state:/state"]
    assert syncd["restart"] == "unless-stopped"  # on-failure would not start it after the machine restarts
    assert syncd["ports"] == ["127.0.0.1:8080:8080"]
    assert (ROOT / "deploy" / syncd["build"]["context"] / syncd["build"]["dockerfile"]).resolve() == DOCKERFILE
    assert services["postgres"]["profiles"] == ["postgres"]
    assert "ports" not in services["postgres"]
    assert syncd["depends_on"]["postgres"]["required"] is False


def test_the_unit_stops_and_restarts_as_the_daemon_expects() -> None:
    service = unit()
    assert (service["Type"], service["Restart"], service["TimeoutStopSec"]) == ("exec", "on-failure", "15")
    assert service["RestartPreventExitStatus"] == "2"
    assert service["RestartForceExitStatus"] == "SIGHUP", (
        "systemd takes an end by a reload that came too early for one in order"
    )
    assert service["ProtectSystem"] == "strict"


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    text = (ROOT / "deploy" / "syncd.service").read_text()
    file = tmp_path / "syncd.service"
    file.write_text(text.replace("/opt/syncd/bin/syncd", "/bin/true"))  # it looks for the program
    ran = subprocess.run([tool, "verify", file], capture_output=True, text=True, check=False)  # noqa: S603
    told = [line for line in ran.stderr.splitlines() if "syncd.service" in line]
    assert told == []


README = (ROOT / "deploy" / "README.md").read_text()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"(?:exec syncd|--rm) (syncd [^`\n]+)", README))))
def test_what_is_typed_into_a_container_parses(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    _parses(command, capsys)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`(syncd [a-z][^`\n]*)`", README))))
def test_what_the_page_tells_to_type_parses(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    _parses(command, capsys)


def _parses(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command, comments=True)[1:]
    assert main([*words, "--help"]) == 0
    told = capsys.readouterr().out
    assert [word for word in words if word.startswith("--") and word not in told] == []


def test_the_page_names_only_what_is_logged() -> None:
    source = "".join(path.read_text() for path in (ROOT / "syncd").rglob("*.py"))
    events = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", README.split("## Reading the log")[1].split("## What")[0])
    assert len(events) > 6
    assert [event for event in events if f'("{event}"' not in source] == []


def test_the_configuration_the_page_shows_listens_where_the_image_is_published(tmp_path: Path) -> None:
    """The webhooks on all addresses of the container; the API and the metrics only on its loopback."""
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    assert main(["init", "-c", str(tmp_path)]) == 0
    file = tmp_path / "syncd.yaml"
    file.write_text(re.sub(r"(?m)^(store|listen):.*\n", "", file.read_text()) + shown)
    settings = load(tmp_path, tools(), dict.fromkeys(VARIABLES, "a-secret-of-some-length"))
    assert (str(settings.listen.hooks), str(settings.listen.admin)) == ("0.0.0.0:8080", "127.0.0.1:8081")
    assert str(settings.store).endswith("////state/syncd.db")
