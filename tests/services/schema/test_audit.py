"""The database itself records who changed what, whoever it was."""

import json

import pytest
from sqlalchemy import Connection, text

from tests.services.schema.rows import add_session, log, rows

TABLES = ("ai_sessions", "support_tickets", "escalation_triggers")


def run(connection: Connection, statement: str) -> None:
    connection.execute(text(statement))


def test_an_insert_is_recorded_with_the_row_and_the_role(guest: Connection) -> None:
    add_session(guest, "new")
    (entry,) = log(guest)
    (row,) = rows(guest, "SELECT to_jsonb(s) AS row, current_user AS role FROM ai_sessions AS s WHERE id = 'new'")
    assert entry == {
        "table_name": "ai_sessions", "row_id": "new", "action": "insert", "actor": row["role"], "old": None,
        "new": row["row"],
    }  # fmt: skip


def test_an_update_is_recorded_with_old_and_new_and_when(guest: Connection) -> None:
    run(guest, "UPDATE support_tickets SET status = 'closed', resolution_notes = 'done' WHERE id = 't1'")
    (entry,) = log(guest)
    assert (entry["row_id"], entry["action"]) == ("t1", "update")
    changed = {name for name in entry["new"] if entry["new"][name] != entry["old"][name]}
    assert changed == {"status", "resolution_notes"}
    (told,) = rows(guest, "SELECT now() - at < '1 minute' AS lately FROM escalation.audit_log WHERE action = 'update'")
    assert told["lately"]


def test_an_update_that_changes_nothing_is_not_recorded(guest: Connection) -> None:
    run(guest, "UPDATE support_tickets SET status = status, updated_at = updated_at")
    assert log(guest) == []


def test_each_row_of_a_statement_is_recorded_once(guest: Connection) -> None:
    run(guest, "UPDATE support_tickets SET priority = 'high' WHERE id IN ('t1', 't3', 't5')")
    run(guest, "DELETE FROM escalation_triggers WHERE id IN ('g1', 'g2')")
    assert [(one["action"], one["row_id"]) for one in log(guest)] == [
        ("update", "t1"), ("update", "t3"), ("update", "t5"), ("delete", "g1"), ("delete", "g2"),
    ]  # fmt: skip


def test_a_deleted_row_is_kept(guest: Connection) -> None:
    (row,) = rows(guest, "SELECT to_jsonb(t) AS row FROM support_tickets AS t WHERE id = 't3'")
    run(guest, "DELETE FROM support_tickets WHERE id = 't3'")
    (entry,) = log(guest)
    assert (entry["action"], entry["old"], entry["new"]) == ("delete", row["row"], None)


def test_an_insert_that_updates_is_recorded_as_what_it_did(guest: Connection) -> None:
    run(guest, "INSERT INTO ai_sessions SELECT * FROM ai_sessions WHERE id = 's1' ON CONFLICT DO NOTHING")
    run(guest, """INSERT INTO ai_sessions SELECT * FROM ai_sessions WHERE id = 's1'
                  ON CONFLICT (id) DO UPDATE SET language = 'el'""")  # fmt: skip
    (entry,) = log(guest)
    assert (entry["action"], entry["old"]["language"], entry["new"]["language"]) == ("update", "en", "el")


def test_a_changed_key_is_recorded_as_the_one_that_went_and_the_one_that_came(guest: Connection) -> None:
    run(guest, "UPDATE escalation_triggers SET id = 'other' WHERE id = 'g1'")
    entries = {entry["row_id"]: entry for entry in log(guest)}
    assert entries["g1"]["new"] is None
    assert entries["other"]["old"] is None


def test_truncate_is_recorded_for_every_table_that_it_reaches(guest: Connection) -> None:
    run(guest, "TRUNCATE ai_sessions CASCADE")
    assert sorted((one["table_name"], one["action"], one["row_id"]) for one in log(guest)) == [
        (name, "truncate", None) for name in sorted(TABLES)
    ]


def test_what_is_rolled_back_was_never_recorded(guest: Connection) -> None:
    run(guest, "BEGIN; DELETE FROM support_tickets WHERE id = 't3'; ROLLBACK")
    assert log(guest) == []


def test_whoever_names_itself_is_named(guest: Connection) -> None:
    run(guest, "BEGIN; SET LOCAL escalation.actor = 'worker'; UPDATE ai_sessions SET language = 'tr' WHERE id = 's1';"
               "COMMIT; UPDATE ai_sessions SET language = 'no' WHERE id = 's1'")  # fmt: skip
    assert [entry["actor"] for entry in log(guest)] == ["worker", "postgres"]


@pytest.mark.parametrize(
    "content",
    [r'{"text": "\ud83d cut in half"}', r'{"text": "\u0000"}', '{"number": 1e-99999}'],
    ids=["half a letter", "the letter NUL", "a number beyond all numbers"],
)
def test_json_that_jsonb_cannot_hold_is_recorded_as_text(guest: Connection, content: str) -> None:
    guest.execute(
        text("UPDATE ai_sessions SET session_metadata = CAST(:content AS json) WHERE id = 's1'"), {"content": content}
    )
    (entry,) = log(guest)
    assert content in entry["new"]
    assert json.loads(entry["new"])["id"] == "s1"
    assert entry["old"]["id"] == "s1"


def test_of_several_rows_the_others_are_recorded_as_json(guest: Connection) -> None:
    run(
        guest,
        r"""INSERT INTO ai_sessions (id, user_id, status, language, created_at, updated_at, session_metadata)
                   SELECT name, 'u', 'active', 'en', now(), now(), metadata::json
                   FROM (VALUES ('good', '{"a": 1}'), ('bad', '{"a": "\u0000"}')) AS v (name, metadata)""",
    )
    entries = {entry["row_id"]: entry["new"] for entry in log(guest)}
    assert entries["good"]["session_metadata"] == {"a": 1}
    assert r"\u0000" in entries["bad"]


def test_odd_values_in_columns_of_any_name_are_recorded_as_row_to_json_writes_them(guest: Connection) -> None:
    run(guest, "ALTER TABLE ai_sessions ADD COLUMN f float8, ADD COLUMN n numeric, ADD COLUMN t timestamptz,"
               "ADD COLUMN o real[], ADD COLUMN b bytea, ADD COLUMN i interval, ADD COLUMN d date")  # fmt: skip
    document = r"""{"a": 1, "a": [1.0, 1e2, null], "é": "\ud83d\udd25"}"""
    for values in (
        r"'Infinity', 'NaN', 'infinity', '{1e-30,NaN,-0,NULL}', '\x00ff', '-1 day 3:00', '0044-03-15 BC'",
        "1e300, 1.50000000000000000000000, '2026-02-28 23:59:60+05:45', '{}', '', '1 mon', '-infinity'",
        "-1e-300, 1e-20, '0001-01-01 BC', NULL, NULL, NULL, NULL",
    ):
        run(guest, f"""UPDATE ai_sessions SET session_metadata = '{document}', (f, n, t, o, b, i, d) = ROW ({values})
                       WHERE id = 's1'""")  # fmt: skip
        as_json = "SELECT CAST(row_to_json(s) AS jsonb)::text AS new FROM ai_sessions AS s WHERE id = 's1'"
        newest = "SELECT new::text AS new FROM escalation.audit_log ORDER BY audit_id DESC LIMIT 1"
        assert rows(guest, newest) == rows(guest, as_json)


def test_our_own_statement_goes_on_with_such_json_too(guest: Connection) -> None:
    run(guest, r"""UPDATE ai_sessions SET session_metadata = '{"text": "\u0000"}' WHERE id = 's1'""")
    run(guest, """BEGIN; SET LOCAL escalation.actor = 'worker';
                  UPDATE ai_sessions SET status = 'completed' WHERE id = 's1'; COMMIT""")  # fmt: skip
    assert [entry["actor"] for entry in log(guest)] == ["postgres", "worker"]


def test_a_column_that_abparts_adds_is_recorded_at_once_even_in_an_open_session(guest: Connection) -> None:
    add_session(guest, "before")
    run(guest, "ALTER TABLE ai_sessions ADD COLUMN tenant text")
    run(guest, "UPDATE ai_sessions SET tenant = 'x' WHERE id = 'before'")
    run(guest, "ALTER TABLE ai_sessions ALTER COLUMN language TYPE varchar(10), DROP COLUMN tenant")
    run(guest, "UPDATE ai_sessions SET language = 'ar' WHERE id = 'before'")
    first, second = log(guest)[1:]
    assert (first["new"]["tenant"], second["new"]["language"]) == ("x", "ar")
    assert "tenant" not in second["new"]
