"""Lists arrive in PostgreSQL as they were sent."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from services.database.encoding import derive_id, derive_text, json_text, literal, parse_json


class Colour(StrEnum):
    RED = 'red, or "reddish"'
    BLUE = "blue"


KINDS = [
    ("text", ["", "NULL", "null", "{a,b}", 'say "no"', "back\\slash", "line\nline", "it's", "Ω ع 🔥", None]),
    ("text", [Colour.RED]),
    ("text", [Colour.BLUE, Colour.BLUE]),
    ("text", [None, None]),
    ("text", ["plain", "", "NULL", "a,b", "{}"]),
    ("text", ["plain", '"']),
    ("text", ["plain", "back\\slash"]),
    ("text", ["plain", 'first","second']),
    ("text", []),
    ("integer", [0, -1, 2**31 - 1, None]),
    ("double precision", [0.1, -1e300, float("inf"), None]),
    ("numeric", [Decimal("1.50")]),
    ("boolean", [True, False, None]),
    ("uuid", [UUID(int=7), None]),
    ("date", [date(2026, 2, 28)]),
    ("timestamptz", [datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC), None]),
    ("bytea", [b"", b"\x00\xff\\'", None]),
]


def echoed(connection: Connection, kind: str, values: list[Any]) -> list[Any]:
    statement = text(f"SELECT CAST(:values AS {kind}[]) AS echoed")
    returned = connection.execute(statement, {"values": values}).scalar_one()
    return [bytes(one) if isinstance(one, memoryview) else one for one in returned]


@pytest.mark.parametrize(("kind", "values"), KINDS)
def test_every_kind_of_element_comes_back(connection: Connection, kind: str, values: list[Any]) -> None:
    assert echoed(connection, kind, values) == values


def test_any_texts_come_back(connection: Connection) -> None:
    anything = st.characters(exclude_categories=["Cs"], exclude_characters="\0")

    @given(st.lists(st.none() | st.text(anything)) | st.lists(st.text(anything) | st.text('",\\\\a')))
    def come_back(values: list[str | None]) -> None:
        assert echoed(connection, "text", values) == values

    come_back()


def test_a_text_that_postgresql_cannot_hold_is_refused_and_not_divided(connection: Connection) -> None:
    with pytest.raises(ValueError, match="NUL"):
        echoed(connection, "text", ["one", "two\0three"])


def test_what_no_statement_sends_is_named() -> None:
    with pytest.raises(TypeError, match="not dict"):
        literal([{}])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers() | st.uuids() | st.none()))
def test_an_id_is_the_one_that_the_standard_library_derives(parts: list[Any]) -> None:
    namespace = UUID("5f0c0f4e-9a53-5b43-8d0c-7c6f6f2f2f0a")
    assert derive_id(*parts) == uuid5(namespace, "\x1f".join(map(str, parts)))
    assert derive_text(*parts) == str(derive_id(*parts))


def test_the_ids_of_all_installations_stay_what_they_are() -> None:
    assert str(derive_id("mail", "ticket_opened", "t")) == "9ddd96fb-7f9e-530c-abae-0919672d7263"


@pytest.mark.parametrize(
    "document",
    [
        *("1e400", "-0.0", "18446744073709551616", "0.1000000000000000055"),
        *('{"a": 1, "a": [1.0, 1e2, null, true]}', '"🔥"', r'"\ud83d\udd25"', r'"\\u0000"', "{}", "[]", '""'),
    ],
)
def test_json_is_read_as_the_standard_library_reads_it(document: str) -> None:
    assert repr(parse_json(document)) == repr(json.loads(document))


def test_what_postgresql_cannot_store_again_is_read_as_a_replacement_character() -> None:
    document = r'{"half \ud83d": ["\u0000a", {"b": "\udd25\ud83d\ud83d\udd25"}], "n": [1, null]}'
    assert parse_json(document) == {"half \ufffd": ["\ufffda", {"b": "\ufffd\ufffd🔥"}], "n": [1, None]}


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda values: st.lists(values) | st.dictionaries(texts, values),
    )
)
def test_any_json_is_read_as_it_was_written(value: Any) -> None:
    assert repr(parse_json(json.dumps(value))) == repr(parse_json(json_text(value))) == repr(value)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        parse_json("{")
