"""One write on its way, field by field, and the outcome it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from syncd.connectors.protocol import Done, Outcome, Refused, Unknown, Write
from syncd.errors import OutcomeUnknownError, RemoteError
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
    def to_retry(self) -> RemoteError | None:
        """The first error that may pass by itself."""
        return next((error for error in self.errors.values() if error.retry), None)


def settle(write: Write, job: WriteJob, read: Record | RemoteError | None) -> Outcome:
    """
    Return the outcome of one write, *read* being what its record holds now.

        unknown    errors               carried out    outcome
        yes        -                    -              Unknown
        no         one that may pass    -              Refused, those fields
        no         some                 nothing        Refused, those fields
        no         some or none         something      Done, if it can be read back; else Unknown
    """
    if job.unknown:
        return Unknown(op=write.op, error=job.unknown)
    fields = frozenset(job.errors) - {""}
    if job.to_retry:
        return Refused(op=write.op, error=job.to_retry, fields=fields)
    if job.errors and not job.carried_out:
        return Refused(op=write.op, error=next(iter(job.errors.values())), fields=fields)
    for key, error in job.errors.items():
        log.warning("field_refused", op=write.op, field=key, error=str(error))
    if isinstance(read, Record):
        return Done(op=write.op, record=read)
    return Unknown(op=write.op, error=read or OutcomeUnknownError("it could not be read back"))
