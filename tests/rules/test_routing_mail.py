"""Whom to mail, and what is no real address."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.contacts import REGIONS, Route, is_example_address, is_example_phone
from rules.reasons import PRIORITIES, REASONS
from rules.routing import mailbox, recipients
from tests.rules.contact_book import BOOK

DEFAULT = ("abparts@oraseas.test",)


@pytest.mark.parametrize(
    ("reasons", "priority", "region", "default", "expected"),
    [
        (["user_request"], "medium", "GR", DEFAULT, ["abparts"]),
        (["user_request"], "medium", None, DEFAULT, ["abparts"]),
        (["user_request"], "medium", "GR", (), ["support"]),
        (["user_request"], "high", "GR", DEFAULT, ["abparts", "duty", "support"]),
        (["user_request"], "high", "GR", ("support@oraseas.test",), ["support", "duty"]),
        (["user_request"], "low", "NO", DEFAULT, ["norway"]),
        (["low_confidence", "safety_concern"], "urgent", "NO", DEFAULT, ["emergency", "norway", "duty", "support"]),
        (["safety_concern"], "urgent", "GR", DEFAULT, ["abparts", "emergency", "duty", "support"]),
    ],
)
def test_routes_add_to_the_default_addresses_or_replace_them(
    reasons: list[str], priority: str, region: str | None, default: tuple[str, ...], expected: list[str]
) -> None:
    found = recipients(BOOK, reasons=reasons, priority=priority, region=region, default=default)
    assert [address.partition("@")[0] for address in found] == expected


def test_addresses_are_the_same_whatever_the_case_of_the_domain_but_not_of_the_name() -> None:
    default = ("Anna@oraseas.test", "anna@oraseas.test", "anna@Oraseas.TEST", "anna@oraseas.test")
    found = recipients(BOOK, reasons=["user_request"], priority="low", region=None, default=default)
    assert found == ("Anna@oraseas.test", "anna@oraseas.test")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna@example.com", True),
        ("anna@mail.EXAMPLE.org", True),
        ("anna@example.net", True),
        ("anna@fish.example", True),
        ("anna@oraseas.com", False),
        ("anna@notexample.com", False),
        ("anna@example.com.gr", False),
        ("example.com@oraseas.com", False),
        ("+44 20 7946 0100", True),
        ("+1 (604) 555-0142", True),
        ("+44 20 7946 1100", False),
        ("+1 604 555 2142", False),
        ("+30 21 0123 4567", False),
    ],
)
def test_examples_are_told_from_real_addresses_and_phones(text: str, expected: bool) -> None:
    assert (is_example_address(text) if "@" in text else is_example_phone(text)) is expected


def test_a_book_is_an_example_when_one_address_of_a_route_is() -> None:
    assert not BOOK.is_example
    book = replace(BOOK, routes=(Route(("anna@example.com",)),))
    assert book.examples == ("anna@example.com",)
    assert book.is_example


@given(
    st.sets(st.sampled_from(REASONS), min_size=1),
    st.sampled_from(PRIORITIES),
    st.none() | st.sampled_from(REGIONS),
    st.lists(st.sampled_from(["a@x.test", "a@X.test", "A@x.test", "duty@oraseas.test"])),
)
def test_a_mail_always_goes_to_somebody_and_to_nobody_twice(
    reasons: set[str], priority: str, region: str | None, default: list[str]
) -> None:
    found = recipients(BOOK, reasons=reasons, priority=priority, region=region, default=default)
    assert found
    assert len({mailbox(address) for address in found}) == len(found)
    assert "safety_concern" not in reasons or "emergency@oraseas.test" in found
