"""Run in tap-jira's own environment: read the issues stream, over plain HTTP (tap-jira itself insists on TLS)."""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import tap_jira
from tap_jira.http import Client


def main(url: str, folder: str) -> None:
    """Read every issue and print how many records came."""
    Client.url = lambda _self, path: f"{url}/{path.lstrip('/')}"
    streams = json.loads(said(folder, "--discover"))["streams"]
    for stream in streams:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"] and stream["tap_stream_id"] == "issues":
                entry["metadata"]["selected"] = True
    Path(folder, "catalog.json").write_text(json.dumps({"streams": streams}))
    records = said(folder, "--properties", f"{folder}/catalog.json")
    print(sum(line.startswith('{"type": "RECORD"') for line in records.splitlines()))


def said(folder: str, *arguments: str) -> str:
    """Run tap-jira with its output going to a file, as it would, and return that."""
    sys.argv = ["tap-jira", "--config", f"{folder}/config.json", *arguments]
    with Path(folder, "out.jsonl").open("w+") as file, redirect_stdout(file):
        tap_jira.main()
        file.seek(0)
        return file.read()


main(*sys.argv[1:])
