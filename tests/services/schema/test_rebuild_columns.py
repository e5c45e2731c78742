"""A column that was dropped comes back as it was, with what is on record; what nobody knows is counted and named."""

import pytest
from sqlalchemy import Connection, Engine, text

from services.schema.introspection import DifferenceKind
from services.schema.migrate import NotAdoptable, check, migrate
from services.schema.protection import protect, unprotected
from services.schema.rebuild import TableMismatch
from tests.services.schema.accident import AUDITED, THE_ACCIDENT, apply, plan, run, state
from tests.services.schema.rows import contents, rows

pytestmark = pytest.mark.long

TWO_COLUMNS = (
    "ALTER TABLE ai_sessions DROP COLUMN user_id",
    "ALTER TABLE support_tickets DROP COLUMN session_summary",
)
BY_HAND = (
    "ALTER TABLE ai_sessions ADD COLUMN user_id character varying",
    "ALTER TABLE support_tickets ADD COLUMN session_summary text",
)


def wrong(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [str(one) for one in check(connection) if one.kind is not DifferenceKind.NOTE]


def in_order(found: dict[str, object]) -> dict[str, object]:
    """A column that was added again stands last."""
    shape = found["shape"]
    assert isinstance(shape, dict)
    for table in shape.values():
        table["columns"].sort(key=lambda column: column["name"])
    return found


@pytest.mark.parametrize("by_hand", [(), BY_HAND], ids=["dropped", "dropped, and added by hand"])
def test_columns_come_back_with_what_they_held(lived: Engine, by_hand: tuple[str, ...]) -> None:
    before = in_order(state(lived))
    run(lived, *TWO_COLUMNS, *by_hand)
    run(lived, "UPDATE support_tickets SET priority = 'low' WHERE id = 't9'")
    run(lived, "UPDATE support_tickets SET priority = 'medium' WHERE id = 't9'")
    assert len(wrong(lived)) == 2
    assert all("db rebuild" in one for one in wrong(lived))
    report = apply(lived)
    assert report.filled == {"ai_sessions.user_id": 21, "support_tickets.session_summary": 4}
    assert report.refused == []
    assert in_order(state(lived)) == before
    assert wrong(lived) == []
    assert plan(lived).nothing_to_do


@pytest.mark.parametrize("column", ["ticket_number", "session_id", "machine_context", "resolved_at", "priority"])
def test_keys_indexes_and_json_come_back_with_a_column(lived: Engine, column: str) -> None:
    run(lived, f"ALTER TABLE support_tickets ALTER COLUMN {column} SET DEFAULT NULL")
    migrate(lived)
    before = in_order(state(lived))
    run(lived, f"ALTER TABLE support_tickets DROP COLUMN {column} CASCADE")
    assert apply(lived).refused == []
    assert in_order(state(lived)) == before


def test_a_column_that_may_be_null_again_and_twice_is_closed_again(lived: Engine) -> None:
    before = in_order(state(lived))
    run(lived, "ALTER TABLE support_tickets DROP COLUMN ticket_number",
        "ALTER TABLE support_tickets ADD COLUMN ticket_number varchar")  # fmt: skip
    assert apply(lived).refused == []
    assert in_order(state(lived)) == before


def test_the_plan_counts_what_is_known_and_names_what_is_not(lived: Engine) -> None:
    run(lived, "DELETE FROM escalation.audit_log WHERE row_id = 't7'", *TWO_COLUMNS)
    told = plan(lived)
    counts = {str(one.column): (one.from_log, one.from_own, one.unknown) for one in told.columns}
    assert counts == {"ai_sessions.user_id": (21, 0, 0), "support_tickets.session_summary": (3, 0, 1)}
    [line] = told.unknown
    assert line.startswith("support_tickets: what 1 row held in column session_summary. It stays null there")
    assert line.endswith("SELECT id FROM support_tickets WHERE session_summary IS NULL.")
    assert len(wrong(lived)) == 2, "nothing is changed by the plan"
    [(statement, reason)] = apply(lived).refused
    assert statement.endswith('ALTER COLUMN "session_summary" SET NOT NULL')
    assert "contains null values" in reason
    assert [one for one in wrong(lived) if "may be null" in one] != []
    run(lived, "UPDATE support_tickets SET session_summary = 'told by hand' WHERE id = 't7'")
    assert apply(lived).refused == []
    assert wrong(lived) == []


def test_a_column_of_messages_comes_back_empty_and_it_says_so(lived: Engine) -> None:
    run(lived, "ALTER TABLE ai_messages DROP COLUMN content")
    told = plan(lived)
    assert any(line.startswith("ai_messages: what 20 rows held in column content.") for line in told.unknown)
    apply(lived)
    with lived.connect() as connection:
        assert {row["content"] for row in contents(connection, "ai_messages")} == {None}


def test_what_was_erased_on_request_stays_erased_in_a_column(lived: Engine) -> None:
    run(lived, """UPDATE escalation.audit_log SET old = NULL, new = jsonb_build_object('id', row_id)
                  WHERE row_id = 't1'""", TWO_COLUMNS[1])  # fmt: skip
    apply(lived)
    with lived.connect() as connection:
        summaries = {row["id"]: row["session_summary"] for row in contents(connection, "support_tickets")}
    assert summaries == {"t1": None, "t5": "It stops", "t7": "It stops", "t9": "It stops"}


def test_letters_that_no_json_value_can_hold_do_not_keep_a_row_empty(lived: Engine, guest: Connection) -> None:
    guest.execute(text(r"""UPDATE ai_sessions SET session_metadata = '{"a": "\ud83d half"}' WHERE id = 's4'"""))
    run(lived, *TWO_COLUMNS)
    apply(lived)
    assert rows(guest, "SELECT user_id FROM ai_sessions WHERE id = 's4'") == [{"user_id": "user-4"}]


def test_protection_grants_and_defaults_come_back_with_a_column(lived: Engine) -> None:
    run(lived, "CREATE ROLE reader_of_a_column", "GRANT UPDATE (priority) ON support_tickets TO reader_of_a_column",
        "ALTER TABLE support_tickets ALTER priority SET DEFAULT 'low'")  # fmt: skip
    migrate(lived)
    with lived.begin() as connection:
        protect(connection)
    before = in_order(state(lived))
    run(lived, "ALTER TABLE support_tickets DROP COLUMN priority CASCADE")
    apply(lived)
    after = in_order(state(lived))
    run(lived, "DROP OWNED BY reader_of_a_column", "DROP ROLE reader_of_a_column")
    assert after == before
    with lived.connect() as connection:
        assert unprotected(connection) == []


def test_a_table_without_its_key_is_left_to_somebody(lived: Engine) -> None:
    run(lived, "ALTER TABLE escalation_triggers DROP COLUMN id")
    with pytest.raises(TableMismatch, match=r"public\.escalation_triggers\.id is missing"):
        plan(lived)


def test_a_migration_meanwhile_writes_nothing_and_forgets_nothing(lived: Engine) -> None:
    run(lived, *TWO_COLUMNS)
    with pytest.raises(NotAdoptable, match="db rebuild"):
        migrate(lived)
    assert len(apply(lived).filled) == 2


@pytest.mark.parametrize("by_hand", [(), BY_HAND], ids=["dropped", "dropped, and added by hand"])
def test_rows_that_changed_without_the_column_are_not_lost_with_the_table(
    lived: Engine, by_hand: tuple[str, ...]
) -> None:
    run(lived, *TWO_COLUMNS, *by_hand, "UPDATE support_tickets SET priority = 'low' WHERE id = 't9'",
        "UPDATE ai_sessions SET language = 'tr' WHERE id = 's9'", THE_ACCIDENT)  # fmt: skip
    report = apply(lived)
    assert not any("erased" in line for line in report.plan.unknown)
    with lived.connect() as connection:
        tickets = {
            row["id"]: (row["session_summary"], row["priority"]) for row in contents(connection, "support_tickets")
        }
        sessions = {row["id"]: (row["user_id"], row["language"]) for row in contents(connection, "ai_sessions")}
    assert (len(tickets), len(sessions)) == (4, 21)
    assert tickets["t9"] == ("It stops", "low")
    assert sessions["s9"] == ("user-2", "tr")


def test_a_column_and_the_rows_of_truncated_tables_come_back_together(lived: Engine) -> None:
    before = in_order(state(lived))
    run(lived, TWO_COLUMNS[0], "TRUNCATE ai_sessions CASCADE")
    apply(lived)
    assert in_order(state(lived)) == before
    assert set(AUDITED) <= set(before)
