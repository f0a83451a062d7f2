"""What a database's refusal means, and what a person can do about it."""

from __future__ import annotations

from typing import Final

_LOST: Final = (
    "the connection to the database was lost",
    "see that the server runs, then start again; a transaction is kept whole or not at all",
)
_BUSY: Final = ("another process is writing to it", "wait, or stop the other process")
_FULL: Final = ("the disk is full", "make room; nothing of the last transaction was kept")
_DAMAGED: Final = ("it is damaged", "stop syncd and restore a backup; nothing was written")
_FOREIGN: Final = ("its tables are not ours", "name another database under `store`")
_FAULT: Final = ("a row contradicts another", "report this: it is a fault in syncd; nothing was written")
_CROWDED: Final = ("the server takes no more connections", "raise its max_connections, or close other programs")
_STARTING: Final = ("the server is starting or stopping", "wait until it is up, then start again")
_PASSWORD: Final = (
    "the server does not accept the user or the password",
    "check the user in the address, and the password: store: {url: ..., password: {env: NAME}}, or PGPASSWORD",
)
_MISSING: Final = ("there is no such database", "make it: createdb -T template0 -E UTF8 NAME")
_REFUSED: Final = ("the server's rules let nobody in this way", "add a line for this user to the server's pg_hba.conf")
_DOWN: Final = ("the database server does not answer", "start the server, or check host and port under `store`")
_RIGHTS: Final = (
    "its user lacks a permission",
    "let the user own the database: ALTER DATABASE NAME OWNER TO USER, then GRANT ALL ON SCHEMA public TO USER",
)
_STANDBY: Final = ("it takes no writes", "name the primary server, not a standby, under `store`")

_BY_STATE: Final = {
    "08": _LOST,
    "23": _FAULT,
    "25006": _STANDBY,
    "28": _PASSWORD,
    "3D000": _MISSING,
    "42501": _RIGHTS,
    "42P01": _FOREIGN,
    "53100": _FULL,
    "53300": _CROWDED,
    "55P03": _BUSY,
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": _STARTING,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
"""PostgreSQL's own codes, or their first two characters, which stand for a class of them."""

_BY_TEXT: Final = (
    ("is locked", _BUSY),
    ("not a database", ("it is not an SQLite database", "name another file under `store`, or restore a backup")),
    ("malformed", _DAMAGED),
    ("disk i/o", ("the disk failed", "check the disk, then restore a backup if the file is damaged")),
    ("readonly", ("it is read-only", "check the owner and permissions of the file and its folder")),
    ("unable to open", ("it cannot be opened", "check that the folder exists and is ours to write")),
    ("is full", _FULL),
    ("no such table", _FOREIGN),
    ("constraint", _FAULT),
    ("password", _PASSWORD),
    ("does not exist", _MISSING),
    ("pg_hba.conf", _REFUSED),
    ("starting up", _STARTING),
    ("shutting down", _STARTING),
    ("too many clients", _CROWDED),
    ("connection slots", _CROWDED),
    ("connection refused", _DOWN),
    ("no such file", _DOWN),
    ("timeout", _DOWN),
    ("timed out", _DOWN),
    ("resolve host", _DOWN),
    ("host name", _DOWN),
    ("no route", _DOWN),
    ("unreachable", _DOWN),
    ("ssl", ("the server and we do not agree on encryption", "set ?sslmode= in the address as the server wants it")),
    ("queuepool limit", _CROWDED),
    ("connection", _LOST),
)
"""What tells failures without a code apart: SQLite's all, and PostgreSQL's before it lets us in."""


def explain_failure(exc: BaseException) -> tuple[str, str]:
    """Return what a driver's *exc* means, and what to do about it."""
    message = " ".join(str(exc).split())
    state = getattr(exc, "sqlstate", None) or ""
    meant = _BY_STATE.get(state) or _BY_STATE.get(state[:2])
    if meant is None and not state:
        folded = message.casefold()
        meant = next((each for sign, each in _BY_TEXT if sign in folded), None)
    if meant is None:
        return f"the database refused: {message}", "report this; nothing was written"
    what, fix = meant
    return f"{what} ({message})", fix
