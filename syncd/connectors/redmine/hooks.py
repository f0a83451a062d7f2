"""
Redmine's webhooks, new in 7.0: which records they name.

`X-Redmine-Signature-256: sha256=<hex HMAC of the body>`, only if the webhook
has a secret. There is no delivery id, and one attempt. A payload names its
project by number, the configuration by identifier: so a webhook set up for
other projects too gives refs of theirs, and reading them tells. Source: Redmine's
own source, `app/models/webhook.rb` and `webhook_payload.rb` (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from syncd.connectors.hooks import Delivery, is_signed, once, read_body
from syncd.connectors.redmine.catalog import ISSUE, VERSION
from syncd.connectors.redmine.comments import COMMENT
from syncd.model.refs import ConnectionName, Ref

SIGNATURE: Final = "x-redmine-signature-256"

Id: TypeAlias = Annotated[int, Field(strict=True, ge=1, lt=2**63)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Named(_Part):
    id: Id


class _Issue(_Named):
    parent: _Named | None = None


class _Entry(_Part):
    issue: _Named | None = None


class _Journal(_Named):
    notes: str | None = None


class _Data(_Part):
    issue: _Issue | None = None
    version: _Named | None = None
    time_entry: _Entry | None = None
    journal: _Journal | None = None


class _Body(_Part):
    type: str = Field(pattern=r"^[a-z_]{1,40}\.(created|updated|deleted)$")
    data: _Data


class RedmineHooks:
    """Webhooks of Redmine 7.0 and newer."""

    signed = True

    def is_genuine(self, secret: bytes, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether the body was signed with the webhook's secret."""
        method, _, signature = headers.get(SIGNATURE, "").partition("=")
        return method == "sha256" and is_signed(secret, body, signature)

    def read(
        self,
        connection: ConnectionName,
        settings: BaseModel,  # noqa: ARG002 - it names projects by identifier, which no payload holds
        headers: Mapping[str, str],  # noqa: ARG002 - they tell nothing
        body: bytes,
    ) -> Delivery:
        """Return what a webhook names; raises ValueError."""
        told = read_body(body, _Body, "a webhook of Redmine")
        return Delivery(id=None, refs=once(*_refs(told.data, connection)))


HOOKS: Final = RedmineHooks()


def _refs(data: _Data, name: ConnectionName) -> Iterator[Ref]:
    """Name records; an issue's parent too, as dates, priority and progress may come from its children."""
    if data.issue:
        yield Ref(name, ISSUE, str(data.issue.id))
        if data.issue.parent:
            yield Ref(name, ISSUE, str(data.issue.parent.id))
        if data.journal and (data.journal.notes or "").strip():
            yield Ref(name, COMMENT, f"{data.issue.id}/{data.journal.id}")
    if data.version:
        yield Ref(name, VERSION, str(data.version.id))
    if data.time_entry and data.time_entry.issue:
        yield Ref(name, ISSUE, str(data.time_entry.issue.id))
