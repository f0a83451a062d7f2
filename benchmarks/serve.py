"""
Serve what is measured, in a process of its own: `python -m benchmarks.serve jira,github ITEMS LATENCY_MS [MODE]`.

Prints one line of JSON once it listens. With `fast` nobody writes, and Jira's
searches come from pages rendered before. With `lacking` Jira has no tasks.
"""

from __future__ import annotations

import json
import socket
import sys

import uvicorn

from benchmarks.office import make_office
from benchmarks.pages import Counted, Fast
from syncd.sandbox.jira import JiraStandIn
from syncd.world import real_world


def main(tools: str, items: str, latency_ms: str, mode: str = "") -> None:
    """Serve on a free loopback port until killed."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    is_fast = mode == "fast"
    office = make_office(
        tools.split(","),
        real_world(),
        int(items),
        latency_ms=0 if is_fast else float(latency_ms),
        lacking="jira" if mode == "lacking" else None,
    )
    app = office.app
    if is_fast:
        jira = office.tools["jira"]
        if not isinstance(jira, JiraStandIn):
            raise TypeError("only Jira is served fast")
        app = Fast(jira, app, f"{base}/jira", float(latency_ms) / 1000)
    print(json.dumps({"base": base, "tools": office.describe(base)}), flush=True)
    config = uvicorn.Config(Counted(app), log_level="critical", access_log=False, lifespan="off", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
