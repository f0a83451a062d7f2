"""A mail server of a few lines: takes one message after another, and refuses what it is told to."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """What arrived, and how the server behaves."""

    user: str | None = None
    """With a password, nobody else may send."""
    password: str = ""
    refuses: frozenset[str] = frozenset()
    """Addresses it knows nobody at."""
    answer: str = "250 taken"
    """To a whole message."""
    silent: bool = False
    """It takes the connection and says nothing."""
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Mailbox]:
        """Listen on loopback until the block ends."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.silent:
                await reader.read()
                return
            writer.write(b"220 mailbox\r\n")
            while line := (await reader.readline()).decode().strip():
                await self._answer(line, reader, writer)
                if line.upper() == "QUIT":
                    return
        finally:
            writer.close()

    async def _answer(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb = line.upper().split(":")[0]
        match verb:
            case _ if verb.startswith("EHLO"):
                said = "250-mailbox\r\n250 AUTH PLAIN" if self.user else "250 mailbox"
            case _ if verb.startswith("AUTH PLAIN"):
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                said = "235 welcome" if (user, password) == (self.user, self.password) else f"535 not {password}"
            case "MAIL FROM":
                said = "250 go on"
            case "RCPT TO":
                address = line.partition("<")[2].partition(">")[0]
                said = "550 nobody" if address in self.refuses else "250 go on"
                self.recipients += [] if address in self.refuses else [address]
            case "DATA":
                writer.write(b"354 go on\r\n")
                raw = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
                said = self.answer
                if said.startswith("250"):
                    self.mails.append(message_from_bytes(raw, policy=policy.default))
            case _:
                said = "221 bye" if verb == "QUIT" else "250 well"
        writer.write(f"{said}\r\n".encode())
        await writer.drain()
