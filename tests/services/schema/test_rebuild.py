"""Rows of tables that were dropped or truncated come back; what was deleted one by one does not."""

from sqlalchemy import Connection, Engine, inspect, text

from services.schema.introspection import DifferenceKind
from services.schema.migrate import check
from tests.services.schema.abparts_models import METADATA
from tests.services.schema.accident import THE_ACCIDENT, apply, plan, run, state
from tests.services.schema.rows import add_session, contents, log, rows


def test_the_accident_is_undone_row_by_row(lived: Engine) -> None:
    before = state(lived)
    run(lived, THE_ACCIDENT)
    report = apply(lived)
    assert report.refused == []
    assert state(lived) == before
    with lived.connect() as connection:
        assert [one for one in check(connection) if one.kind is not DifferenceKind.NOTE] == []
    assert plan(lived).nothing_to_do


def test_the_plan_tells_what_will_happen_and_changes_nothing(lived: Engine) -> None:
    run(lived, THE_ACCIDENT)
    told = plan(lived)
    tables = {one.state.name: (one.state.fate.value, one.from_log, one.deleted) for one in told.tables}
    assert tables["ai_sessions"] == ("dropped", 21, 0)
    assert tables["support_tickets"] == ("dropped", 4, 1)
    assert tables["escalation_triggers"] == ("dropped", 8, 1)
    assert tables["ai_messages"] == ("whole", 0, 0)
    assert "expert_feedback_session_id_fkey of public.expert_feedback" in told.references
    assert any("not on record" in line for line in told.unknown)
    with lived.connect() as connection:
        assert "ai_sessions" not in inspect(connection).get_table_names()
    assert apply(lived).written == {"ai_sessions": 21, "support_tickets": 4, "escalation_triggers": 8}


def test_truncated_tables_are_filled_again(lived: Engine) -> None:
    before = state(lived)
    run(lived, "TRUNCATE ai_sessions CASCADE")
    assert apply(lived).written == {"ai_sessions": 21, "support_tickets": 4, "escalation_triggers": 8}
    assert state(lived) == before


def test_it_can_happen_twice(lived: Engine) -> None:
    before = state(lived)
    for accident in (THE_ACCIDENT, "TRUNCATE support_tickets CASCADE", THE_ACCIDENT):
        run(lived, accident)
        apply(lived)
    assert state(lived) == before


def test_rows_deleted_one_by_one_after_a_rebuild_stay_deleted(lived: Engine) -> None:
    run(lived, "TRUNCATE escalation_triggers")
    apply(lived)
    run(lived, "DELETE FROM escalation_triggers WHERE id = 'g5'")
    assert plan(lived).nothing_to_do
    run(lived, "TRUNCATE escalation_triggers")
    apply(lived)
    with lived.connect() as connection:
        assert "g5" not in {row["id"] for row in contents(connection, "escalation_triggers")}


def test_a_table_that_somebody_made_again_is_filled_around_what_is_there(lived: Engine) -> None:
    with lived.connect() as connection:
        before = contents(connection, "support_tickets")
    run(lived, THE_ACCIDENT)
    METADATA.create_all(lived)
    with lived.begin() as connection:
        add_session(connection, "since then")
        add_session(connection, "s1")
    assert [one.state.fate.value for one in plan(lived).tables if one.state.audited] == ["dropped, made again"] * 3
    report = apply(lived)
    assert report.written == {"ai_sessions": 20, "support_tickets": 4, "escalation_triggers": 8}
    assert any("no audit triggers" in line for line in report.plan.unknown)
    with lived.begin() as connection:
        assert contents(connection, "support_tickets") == before
        sessions = {row["id"]: row["user_id"] for row in contents(connection, "ai_sessions")}
        assert (len(sessions), sessions["s1"], sessions["since then"]) == (22, "u", "u")
        recorded = {one["row_id"]: one["action"] for one in log(connection) if one["actor"] == "rebuild"}
        assert (recorded["since then"], recorded["s1"]) == ("insert", "update")


def test_lost_triggers_are_made_again_and_missing_rows_are_not_brought_back(lived: Engine) -> None:
    run(lived, "DROP TRIGGER escalation_audit_delete ON support_tickets", "DELETE FROM support_tickets WHERE id = 't7'",
        "UPDATE support_tickets SET status = 'closed' WHERE id = 't9'",
        "DROP TRIGGER escalation_audit_insert ON ai_sessions; DELETE FROM ai_sessions WHERE id = 'new'")  # fmt: skip
    told = plan(lived)
    assert not told.nothing_to_do
    assert any("1 rows away unrecorded" in line for line in told.unknown)
    apply(lived)
    with lived.connect() as connection:
        assert {row["id"] for row in contents(connection, "support_tickets")} == {"t1", "t5", "t9"}
        assert log(connection)[-1]["row_id"] == "t7"
        assert [one for one in check(connection) if one.kind is DifferenceKind.STATE] == []
    assert plan(lived).nothing_to_do


def test_what_was_erased_on_request_stays_erased(lived: Engine, guest: Connection) -> None:
    run(lived, """UPDATE escalation.audit_log SET old = NULL, new = jsonb_build_object('id', row_id)
                  WHERE row_id IN ('s1', 't1') OR new ->> 'session_id' = 's1'""", THE_ACCIDENT)  # fmt: skip
    report = apply(lived)
    assert report.written == {"ai_sessions": 20, "support_tickets": 3, "escalation_triggers": 7}
    assert "support_tickets: what 1 rows held that were erased on request. They stay erased." in report.plan.unknown
    assert rows(guest, "SELECT id FROM support_tickets WHERE id = 't1'") == []


def test_a_row_whose_session_is_unknown_does_not_keep_the_others_away(lived: Engine) -> None:
    run(lived, "DELETE FROM escalation.audit_log WHERE table_name = 'ai_sessions' AND row_id = 's5'",
        "TRUNCATE ai_sessions CASCADE")  # fmt: skip
    report = apply(lived)
    assert report.left_out == {"support_tickets": 1, "escalation_triggers": 1}
    assert (report.written["ai_sessions"], report.written["support_tickets"]) == (20, 3)


def test_letters_that_no_json_value_can_hold_are_replaced(lived: Engine, guest: Connection) -> None:
    guest.execute(
        text(r"""UPDATE ai_sessions SET session_metadata = '{"a": "\ud83d half", "n": 1.50}' WHERE id = 's4'""")
    )
    run(lived, THE_ACCIDENT)
    assert any("letters of 1 rows" in line for line in apply(lived).plan.unknown)
    (row,) = rows(guest, "SELECT session_metadata::text AS kept FROM ai_sessions WHERE id = 's4'")
    assert row["kept"] == r'{"a": "\ufffd half", "n": 1.50}'
