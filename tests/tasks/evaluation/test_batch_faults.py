"""What stops one entry of a batch stops no other."""

import pytest
from sqlalchemy import Connection, create_engine, text

from escalation_client.events import Event
from services.database.engine import driver_url
from services.installation import Installation
from services.mail.compose import compose
from tasks.evaluation.batch import write
from tests.events import confidence, message, requested
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import Entries, foreign_session

TABLES_OF_A_TICKET = ("ai_sessions", "support_tickets", "escalation_triggers")


def test_a_bad_event_is_set_aside_and_its_batch_goes_on(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    written = write(entries([confidence("a", 0.1), '{"type": "nonsense"', confidence("b", 0.1)]), installation)
    assert (written.result.opened, written.result.rejected, len(written.done)) == (2, 1, 3)
    (row,) = rows(connection, "SELECT reason, payload FROM escalation.rejected_events")
    assert bytes(row["payload"]) == b'{"type": "nonsense"'


def test_an_event_that_postgresql_refuses_is_found_by_halving(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    # What nobody can know before: a database that refuses one session.
    connection.execute(text("ALTER TABLE escalation.event_inbox ADD CHECK (session_id <> 'poison')"))
    events: list[Event] = [*[confidence(f"s{number}", 0.1) for number in range(9)], confidence("poison", 0.9)]
    written = write(entries(events), installation)
    assert (written.result.opened, written.result.rejected, len(written.done)) == (9, 1, 10)
    (row,) = rows(connection, "SELECT reason, session_id FROM escalation.rejected_events")
    assert row["session_id"] == "poison"
    assert "cannot be stored" in row["reason"]


def test_a_session_that_abparts_holds_waits_and_the_others_go_on(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    foreign_session(connection, "held")
    holder = create_engine(driver_url(installation.settings.database_url.get_secret_value()))
    with holder.connect() as other, other.begin():
        other.execute(text("UPDATE public.ai_sessions SET language = 'el' WHERE id = 'held'"))
        batch = entries([confidence("a", 0.1), confidence("held", 0.1), confidence("z", 0.1)])
        written = write(batch, installation)
    holder.dispose()
    assert (written.result.opened, written.waiting, len(written.done)) == (2, 1, 2)
    assert write([entry for entry in batch if entry.entry_id not in written.done], installation).result.opened == 1


# As a migration does it where there are rows already.
ADDED = """
    ALTER TABLE public.{table} ADD COLUMN tenant text NOT NULL DEFAULT 'ours';
    ALTER TABLE public.{table} ALTER COLUMN tenant DROP DEFAULT"""
DEMANDS = [
    *((table, ADDED.format(table=table), "tenant") for table in TABLES_OF_A_TICKET),
    (
        "support_tickets",
        "UPDATE public.support_tickets SET resolution_notes = ''; "
        "ALTER TABLE public.support_tickets ALTER COLUMN resolution_notes SET NOT NULL",
        "resolution_notes",
    ),
]


@pytest.mark.parametrize(("table", "change", "column"), DEMANDS)
def test_only_tickets_wait_while_abparts_demands_a_column_that_the_worker_may_leave_empty(
    installation: Installation, entries: Entries, connection: Connection, table: str, change: str, column: str
) -> None:
    write(entries([confidence("known", 0.1)]), installation)
    connection.execute(text(change))
    danger, calm = (
        message("s", "there is smoke from the cabinet"),
        [confidence(f"calm{number}", 0.9) for number in "12"],
    )
    batch = entries([calm[0], danger, calm[1], requested("known", reason="user_request", notes="please")])
    written = write(batch, installation)
    assert f'null value in column "{column}"' in written.demanded
    # A further reason for an open ticket needs a row of its own in one of the tables.
    waiting = {batch[1].entry_id} | ({batch[3].entry_id} if table == "escalation_triggers" else set())
    assert {entry.entry_id for entry in batch} - set(written.done) == waiting
    assert (written.waiting, written.result.updated) == (len(waiting), 2 - len(waiting))
    assert rows(connection, "SELECT reason FROM escalation.rejected_events") == []
    connection.execute(text(f"ALTER TABLE public.{table} ALTER COLUMN {column} DROP NOT NULL"))
    left = write([entry for entry in batch if entry.entry_id in waiting], installation)
    assert (left.result.opened, left.result.updated, left.demanded) == (1, len(waiting) - 1, "")


@pytest.mark.parametrize("letter", [r"\u0000", r"\ud83d"], ids=["NUL", "half a letter"])
def test_danger_is_told_though_abparts_keeps_letters_of_its_session_that_no_text_can_hold(
    installation: Installation, entries: Entries, connection: Connection, letter: str
) -> None:
    foreign_session(connection, "s")
    metadata = f'''{{"diagnostic_assessment": {{"problem_category": "hot{letter}", "likely_causes": ["{letter}"]}},
        "machine_name": "V4{letter}", "machine_context": {{"parts_usage": ["{letter}"]}}}}'''
    connection.execute(
        text("UPDATE public.ai_sessions SET session_metadata = CAST(:metadata AS json)"), {"metadata": metadata}
    )
    assert write(entries([message("s", "there is smoke from the cabinet")]), installation).result.opened == 1
    advice = f'{{"primary_contact": {{"name": "{letter}"}}}}'
    connection.execute(
        text("UPDATE public.support_tickets SET expert_contact_info = CAST(:advice AS json)"), {"advice": advice}
    )
    assert write(entries([message("s", "let me talk to a human")]), installation).result.updated == 1
    mails = [row["mail_id"] for row in rows(connection, "SELECT mail_id FROM escalation.mails")]
    assert compose(connection, mails).keys() == set(mails)
