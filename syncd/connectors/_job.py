"""One write on its way, field by field, and the outcome it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from syncd.connectors.protocol import Done, Outcome, Refused, Unknown, Write
from syncd.errors import AuthError, OutcomeUnknownError, RemoteError
from syncd.model.native import Record

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class WriteJob:
    """What came of one write so far."""

    errors: dict[str, RemoteError] = field(default_factory=dict)
    """By field: what the tool refused, and so surely did not do; the key "" stands for the whole."""
    unknown: RemoteError | None = None
    """Set once nobody can tell what was carried out."""
    carried_out: bool = False
    """Whether anything at all took."""

    @property
    def to_retry(self) -> dict[str, RemoteError]:
        """What may pass by itself, or with another credential: it says nothing of what was to be written."""
        return {key: error for key, error in self.errors.items() if error.retry or isinstance(error, AuthError)}


def settle(write: Write, job: WriteJob, read: Record | RemoteError | None) -> Outcome:
    """
    Return the outcome of one write, *read* being what its record holds now.

        unknown    errors                       carried out    outcome
        yes        -                            -              Unknown
        no         of the whole, may pass       -              Refused
        no         some, and one may pass       nothing        Refused, those fields
        no         some                         nothing        Refused, those fields
        no         some or none                 something      Done, if it can be read back, without what may pass;
                                                               else Unknown
    """
    if job.unknown:
        return Unknown(op=write.op, error=job.unknown)
    fields, passing = frozenset(job.errors) - {""}, job.to_retry
    if "" in passing or (job.errors and not job.carried_out):
        error = next(iter(passing.values()), None) or next(iter(job.errors.values()))
        return Refused(op=write.op, error=error, fields=fields)
    for key, error in job.errors.items():
        log.warning("field_refused", op=write.op, field=key, error=str(error))
    if isinstance(read, Record):
        return Done(op=write.op, record=read, unsent=frozenset(passing))
    return Unknown(op=write.op, error=read or OutcomeUnknownError("it could not be read back"))
