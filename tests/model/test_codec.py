"""The codec gives back exactly what it was given, and equal values give equal text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model import codec
from syncd.model.canonical import UNSET, Metric, Money, Status, Unset, Value
from syncd.model.native import (
    MISSING,
    Bool,
    Choice,
    Choices,
    Date,
    Instant,
    Missing,
    Native,
    Number,
    People,
    Person,
    Record,
    RecordState,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.policy import Interval, Provenance, Rule, Stated
from syncd.model.refs import ConnectionName, EntityId, Ref, Revision

texts = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates and NUL included
decimals = st.decimals(allow_nan=False, allow_infinity=False)
instants = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))
refs = st.builds(Ref, texts.map(ConnectionName), texts, texts)
choices = st.builds(Choice, texts, texts, st.none() | texts)
persons = st.builds(Person, texts, st.none() | texts, st.none() | texts, st.none() | texts)

natives: st.SearchStrategy[Native] = st.one_of(
    st.none(),
    st.builds(Text, texts),
    st.builds(RichText, st.sampled_from(TextFormat), texts),
    st.builds(Number, decimals),
    st.builds(Bool, st.booleans()),
    st.builds(Date, st.dates(), st.none() | st.tuples(st.dates(), st.dates())),
    st.builds(Instant, instants),
    choices,
    st.builds(Choices, st.frozensets(choices, max_size=4)),
    persons,
    st.builds(People, st.frozensets(persons, max_size=4)),
    refs,
    st.builds(Refs, st.frozensets(refs, max_size=4)),
)
metrics = st.builds(Metric, texts, st.none() | texts, st.none() | decimals, st.none() | decimals, st.none() | decimals)
values: st.SearchStrategy[Value | Unset] = st.one_of(
    st.just(UNSET),
    st.none(),
    texts,
    st.booleans(),
    decimals,
    st.dates(),
    instants,
    st.builds(Money, decimals, texts),
    st.lists(metrics, max_size=3).map(tuple),
    st.frozensets(texts, max_size=4),
)
intervals = st.builds(Interval, instants, instants)
provenances = st.builds(
    Provenance,
    by=st.frozensets(st.builds(Stated, texts.map(ConnectionName), st.none() | intervals, st.none() | texts)),
    rule=st.none() | st.sampled_from(Rule),
    policy=st.none() | texts,
    at=st.none() | instants,
)


def through_text(data: codec.Json) -> codec.Json:
    text = codec.dump_text(data)
    text.encode()  # every database takes it
    assert "\x00" not in text
    return codec.load_text(text)


def whole(value: Native | Missing) -> object:
    """Return *value* so that labels, names and categories count, which `==` leaves out."""
    if isinstance(value, Choices | People | Refs):
        return type(value), sorted(map(repr, value.members))
    return type(value), repr(value)


@given(natives | st.just(MISSING))
def test_a_native_value_comes_back_whole(value: Native | Missing) -> None:
    assert whole(codec.load_reading(through_text(codec.dump_native(value)))) == whole(value)


@given(values)
def test_a_canonical_value_comes_back_with_its_type(value: Value | Unset) -> None:
    back = codec.load_value(through_text(codec.dump_value(value)))
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value) or isinstance(value, frozenset)


@given(provenances)
def test_provenance_comes_back(provenance: Provenance) -> None:
    assert codec.load_provenance(through_text(codec.dump_provenance(provenance))) == provenance


@given(st.dictionaries(texts, natives, max_size=4), st.none() | instants, st.none() | texts)
def test_a_record_comes_back(fields: dict[str, Native], at: datetime | None, text: str | None) -> None:
    record = Record(
        ref=Ref(ConnectionName("jira-pmo"), "issue", "10001"),
        type="Story",
        container="PMO",
        key="PMO-1",
        revision=Revision("7"),
        fields=fields,
        url=text,
        updated_at=at,
        created_at=at,
        updated_by=text,
        marker=EntityId(text) if text else None,
        state=RecordState.ARCHIVED,
        aliases=(Ref(ConnectionName("jira-pmo"), "draft", "d:1"),),
    )
    assert codec.load_record(through_text(codec.dump_record(record))) == record


def test_equal_sets_give_equal_text_whatever_the_order() -> None:
    people = [Person(str(n)) for n in range(20)]
    one, other = People(frozenset(people)), People(frozenset(reversed(people)))
    assert codec.dump_text(codec.dump_native(one)) == codec.dump_text(codec.dump_native(other))


def test_a_status_is_kept_as_its_word_and_a_text_like_a_date_stays_a_text() -> None:
    assert codec.load_value(codec.dump_value(Status.DONE)) == "done"
    assert codec.load_value(codec.dump_value("2026-01-01")) == "2026-01-01"
    assert codec.load_value(codec.dump_value(date(2026, 1, 1))) == date(2026, 1, 1)
    assert codec.dump_value(Decimal("1.50")) == ["decimal", "1.50"]


@pytest.mark.parametrize("data", [["nonsense", 1], ["date", "yesterday"], ["number", "x"], [], 7, {}, ["choice"]])
def test_what_was_never_written_is_refused(data: codec.Json) -> None:
    with pytest.raises(ValueError, match="not a native value"):
        codec.load_native(data)


def test_a_missing_reading_is_no_native_value() -> None:
    with pytest.raises(ValueError, match="missing reading"):
        codec.load_native(codec.dump_native(MISSING))


def test_stored_fields_are_made_when_asked_for_and_say_what_they_refer_to() -> None:
    parent = Ref(ConnectionName("jira-pmo"), "issue", "7")
    shown: dict[str, Native] = {
        "parent": parent,
        "after": Refs(frozenset({parent})),
        "title": Text("one"),
        "size": None,
    }
    fields = codec.StoredFields(codec.load_text(codec.dump_text(codec.dump_map(shown, codec.dump_native))))
    assert fields == shown
    assert ("title" in fields, "none" in fields, len(fields)) == (True, False, 4)
    assert fields.refs == {parent}
    with pytest.raises(ValueError, match="not a native value: title"):
        codec.StoredFields({"title": ["verse", "one"]})
