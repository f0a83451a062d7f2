from __future__ import annotations

from syncd.mapping.people import PeopleDirectory, read_people
from syncd.mapping.problems import Problems
from syncd.model.native import Person
from syncd.model.refs import PersonId
from tests.mapping.places import A, B

ADA_A = Person(id="a1", login="ada-l", email="Ada@acme.example")
ADA_B = Person(id="b1", login="ada", email="ada@acme.example")


def directory(text: str) -> PeopleDirectory:
    problems = Problems()
    people = read_people(text, "people.csv", (A, B), problems)
    assert problems.found == []
    return people


def test_a_column_may_hold_ids_logins_or_addresses() -> None:
    people = directory("person,pmo,eng\nada,A1,ada\nbob,BOB@acme.example,\n")
    assert people.person_of(A, ADA_A) == "ada"
    assert people.person_of(B, ADA_B) == "ada"
    assert people.person_of(A, Person(id="x", email="bob@ACME.example")) == "bob"
    assert people.person_of(B, Person(id="x", login="bob")) is None


def test_a_user_is_written_once_the_tool_has_told_who_it_is() -> None:
    people = directory("person,pmo,eng\nada,ada@acme.example,ada\n")
    assert people.handles(A) == ("ada@acme.example",)
    assert people.native_of(A, PersonId("ada")) is None
    hidden = Person(id="a1")
    people.resolve(A, {"ada@acme.example": hidden})
    assert people.native_of(A, PersonId("ada")) == hidden
    assert people.person_of(A, hidden) == "ada", "although it does not show its address"
    assert people.handles(A) == ()


def test_a_user_known_from_an_earlier_run_is_recognised_where_only_the_id_shows() -> None:
    people = directory("person,pmo,eng\nada,ada-l,ada\n")
    people.add_seen(A, ADA_A)
    assert people.handles(A) == ()
    assert people.person_of(A, Person(id="a1", name="Ada Example")) == "ada"


def test_an_address_two_tools_show_is_one_person() -> None:
    people = PeopleDirectory()
    people.add_seen(A, ADA_A)
    assert people.person_of(A, ADA_A) is None, "one tool alone is nobody's word"
    people.add_seen(B, ADA_B)
    assert people.person_of(A, ADA_A) == people.person_of(B, ADA_B) == "ada@acme.example"
    assert people.native_of(B, PersonId("ada@acme.example")) == ADA_B
    assert people.native_of(A, PersonId("ada@acme.example")) == ADA_A


def test_an_address_in_the_file_joins_a_tool_without_a_row() -> None:
    people = directory("person,pmo\nada,ada@acme.example\n")
    people.add_seen(B, ADA_B)
    assert people.person_of(B, ADA_B) == "ada"
    assert people.native_of(B, PersonId("ada")) == ADA_B


def test_the_file_wins_over_an_address() -> None:
    people = directory("person,pmo,eng\nada,ada@acme.example,ada-work\n")
    people.add_seen(A, ADA_A)
    people.add_seen(B, ADA_B)
    assert people.person_of(B, ADA_B) is None, "the file says Ada is ada-work there"


def test_nobody_is_guessed_by_name() -> None:
    people = directory("person,pmo,eng\nada,a1,\n")
    people.add_seen(B, Person(id="b9", name="ada"))
    assert people.person_of(B, Person(id="b9", name="ada")) is None


def test_comments_blank_lines_and_a_byte_order_mark_are_fine() -> None:
    people = directory("\ufeffperson,pmo,eng\n\n# the admin\nadmin, root ,\n")
    assert people.person_of(A, Person(id="root")) == "admin"
