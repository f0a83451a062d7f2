"""What a write comes to, by what became of its fields."""

from __future__ import annotations

import pytest

from syncd.connectors._job import WriteJob, settle
from syncd.connectors.protocol import Done, Refused, Update
from syncd.errors import AuthError, ReadTooOldError, RejectedError, RemoteError
from syncd.model.native import Record, Text
from syncd.model.refs import ConnectionName, OpId, Ref, Revision

REF = Ref(ConnectionName("alpha"), "task", "1")
RECORD = Record(ref=REF, type="task", container="P", key="A-1", revision=Revision("1"), fields={"title": Text("Ship")})
WRITE = Update(op=OpId("1"), pre=RECORD, fields={"title": Text("Ship"), "labels": None})
NO = RejectedError("no")


@pytest.mark.parametrize("error", [ReadTooOldError("late"), AuthError("expired")])
def test_what_was_carried_out_in_part_is_done_but_for_what_may_pass(error: RemoteError) -> None:
    done = settle(WRITE, WriteJob(errors={"title": NO, "labels": error}, carried_out=True), RECORD)
    assert done == Done(op=WRITE.op, record=RECORD, unsent=frozenset({"labels"}))


@pytest.mark.parametrize("errors", [{"title": NO, "labels": ReadTooOldError("late")}, {"": ReadTooOldError("late")}])
def test_nothing_of_it_and_what_may_pass_is_refused_for_that_reason(errors: dict[str, RemoteError]) -> None:
    refused = settle(WRITE, WriteJob(errors=errors), None)
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, ReadTooOldError)
