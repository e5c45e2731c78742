"""Whom to contact, and why."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.contacts import FIELDS, REGIONS, Contact, ContactBook
from rules.reasons import PRIORITIES, REASONS, Priority, Reason
from rules.recommendation import LANGUAGE_NAMES
from rules.routing import MOST_ALTERNATIVES, Recommendation, RoutedCase, recommend, recommended_action
from tests.rules.contact_book import ALWAYS, BOOK, ELECTRICAL, EMERGENCY, HYDRAULIC, OSLO_OFFICE, SUPPORT, contact

WEDNESDAY_NOON = datetime(2026, 3, 4, 10, tzinfo=UTC)
SATURDAY = datetime(2026, 3, 7, 10, tzinfo=UTC)


def recommended(book: ContactBook = BOOK, **asked: Any) -> Recommendation:
    now = asked.pop("now", WEDNESDAY_NOON)
    usual = RoutedCase((Reason.EXPERT_REQUIRED,), Priority.HIGH, category=None, language="en", region="GR")
    return recommend(book, replace(usual, **asked), now)


def book_of(*contacts: Contact) -> ContactBook:
    return replace(BOOK, contacts=contacts)


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("hydraulic", HYDRAULIC),
        ("Hydraulic / pump", HYDRAULIC),
        ("hydraulic_leak", HYDRAULIC),
        ("electrical", ELECTRICAL),
        ("remote_control", ELECTRICAL),
        ("remote control", ELECTRICAL),
        ("remote", SUPPORT),
        ("mechanical", SUPPORT),
        ("dielectrical", SUPPORT),
        ("something the model wrote", SUPPORT),
        ("", SUPPORT),
        (None, SUPPORT),
    ],
)
def test_the_field_decides_first(category: str | None, expected: Contact) -> None:
    assert recommended(category=category, language="no").primary == expected


def test_among_equals_in_the_field_the_language_decides_then_duty_then_region_then_the_place_in_the_file() -> None:
    first = contact("first", {"general"}, "en", OSLO_OFFICE)
    local = contact("local", {"general"}, "en", OSLO_OFFICE, regions=frozenset({"GR"}))
    awake = contact("awake", {"general"}, "en", ALWAYS, regions=frozenset({"NO"}))
    greek = contact("greek", {"general"}, "el", OSLO_OFFICE, regions=frozenset({"NO"}))
    everybody = book_of(first, local, awake, greek)
    assert recommended(everybody, language="el", now=SATURDAY).primary == greek
    assert recommended(everybody, now=SATURDAY).primary == awake
    assert recommended(book_of(first, local, greek), now=SATURDAY).primary == local
    assert recommended(book_of(first, local, greek), region="NO").primary == first
    assert recommended(book_of(first, local, greek), region=None).primary == first


@pytest.mark.parametrize("language", ["el", "el-GR", "EL_gr"])
def test_a_variety_of_a_language_is_that_language(language: str) -> None:
    assert recommended(language=language, category="hydraulic").why.startswith("speaks Greek")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (
            {"category": "hydraulic", "language": "el"},
            "speaks Greek, hydraulic specialist, on duty now until 18:00 (Europe/Athens)",
        ),
        (
            {"category": "remote control", "language": "tr", "region": "GR"},
            "does not speak Turkish, remote control specialist, on duty now until 17:00 (Europe/Oslo), "
            "not responsible for GR",
        ),
        (
            {"category": "electrical", "language": "de", "region": "NO", "now": SATURDAY},
            "does not speak de, electrical specialist, off duty until Mon 2026-03-09 09:00 (Europe/Oslo), "
            "responsible for NO",
        ),
        (
            {"language": None, "region": None},
            "takes every kind of problem, on duty now until 18:00 (Europe/Athens)",
        ),
        (
            {"reasons": ["low_confidence", "safety_concern"], "category": "hydraulic", "language": "no"},
            "takes every safety concern, speaks Norwegian, on duty around the clock",
        ),
    ],
)
def test_the_recommendation_says_why(asked: dict[str, Any], why: str) -> None:
    assert recommended(**asked).why == why


def test_the_points_are_there_as_data_too() -> None:
    parts = recommended(category="hydraulic", language="el").why_parts
    assert [(part.code, part.subject) for part in parts] == [
        ("language", "el"),
        ("field", "hydraulic"),
        ("on_duty", ""),
    ]
    assert parts[2].moment == datetime(2026, 3, 4, 16, tzinfo=UTC)


def test_alternatives_on_duty_come_before_better_ones_off_duty() -> None:
    awake = contact("awake", {"mechanical"}, "tr", ALWAYS)
    found = recommended(book_of(SUPPORT, HYDRAULIC, EMERGENCY, awake), category="hydraulic", now=SATURDAY)
    assert found.primary == HYDRAULIC
    assert found.alternatives == (awake, SUPPORT)


def test_the_emergency_line_is_an_alternative_when_it_is_urgent_and_otherwise_left_in_peace() -> None:
    assert EMERGENCY in recommended(priority="urgent").alternatives
    assert EMERGENCY not in recommended(priority="high").alternatives


def test_the_shape_is_what_abparts_stores() -> None:
    info = recommended(category="hydraulic").as_expert_contact_info(
        "AB-20260304-0001", "Expert knowledge required", "Call."
    )
    assert info["primary_contact"] == {
        "name": "The hydraulic contact",
        "email": "hydraulic@oraseas.test",
        "phone": "+30 21 0123 4567",
        "hours": "Mon–Fri 08:00–18:00 (Europe/Athens)",
        "specialization": "hydraulic matters",
    }
    assert [other["name"] for other in info["alternative_contacts"]] == [
        "The support contact",
        "The electrical contact",
    ]
    del info["primary_contact"], info["alternative_contacts"]
    assert info == {
        "escalation_reason": "Expert knowledge required",
        "recommended_action": "Call.",
        "ticket_reference": "AB-20260304-0001",
    }


@pytest.mark.parametrize(
    ("reasons", "priority", "expected"),
    [
        (
            ["low_confidence", "safety_concern"],
            "urgent",
            "At once: call the user and make sure that nobody is in danger and that the machine is off.",
        ),
        (["expert_required"], "high", "As soon as possible: check the diagnosis as an expert and contact the user."),
        (["steps_exceeded", "user_request"], "medium", "Contact the user, who asked for a person."),
        ([], "low", "Read the session and contact the user."),
    ],
)
def test_the_action_follows_the_gravest_reason(reasons: list[str], priority: str, expected: str) -> None:
    assert recommended_action(RoutedCase(tuple(reasons), priority)) == expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("safety_concern", "At once: make sure that nobody is in danger and that the machine is off."),
        ("user_request", "At once: contact the user, who asked for a person."),
    ],
)
def test_nobody_is_told_to_call_an_unknown_user_without_whom_to_ask(reason: str, expected: str) -> None:
    action = recommended_action(RoutedCase((reason,), Priority.URGENT, user_known=False))
    assert (
        action == f"{expected} The user is not known: ask who works with the machine, or look for the session "
        "in ABParts."
    )


cases = st.builds(
    RoutedCase,
    reasons=st.lists(st.sampled_from(REASONS), min_size=1, unique=True).map(tuple),
    priority=st.sampled_from(PRIORITIES),
    category=st.none() | st.sampled_from(FIELDS) | st.text(),
    language=st.none() | st.sampled_from(sorted(LANGUAGE_NAMES)) | st.text(),
    region=st.none() | st.sampled_from(REGIONS),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(cases, moments)
def test_a_safety_concern_goes_to_an_emergency_line_and_nothing_else_does(case: RoutedCase, now: datetime) -> None:
    found = recommend(BOOK, case, now)
    assert found.primary.emergency is ("safety_concern" in case.reasons)
    assert found.why
    assert found.primary not in found.alternatives
    assert len(set(found.alternatives)) == len(found.alternatives) <= MOST_ALTERNATIVES


@given(cases, moments, st.permutations(BOOK.contacts))
def test_the_same_question_has_the_same_answer_whatever_the_order_of_the_reasons(
    case: RoutedCase, now: datetime, contacts: list[Contact]
) -> None:
    book = book_of(*contacts)
    assert recommend(book, case, now) == recommend(book, replace(case, reasons=case.reasons[::-1]), now)
