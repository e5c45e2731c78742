"""Ticket numbers are unique and gapless, whoever else draws some."""

import threading

from sqlalchemy import Connection, text

from services.installation import Installation
from tasks.evaluation.batch import write
from tests.events import confidence
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import TICKETS, Entries, foreign_session


def test_eight_writers_give_four_hundred_gapless_numbers(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    batches = [entries([confidence(f"{writer}-{number}", 0.1) for number in range(50)]) for writer in range(8)]
    parts = [batch[place : place + 5] for batch in batches for place in range(0, 50, 5)]
    threads = [
        threading.Thread(target=lambda mine=parts[writer::8]: [write(part, installation) for part in mine])
        for writer in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(int(row["ticket_number"].rsplit("-", 1)[1]) for row in rows(connection, TICKETS))
    assert numbers == list(range(1, 401))


def test_numbers_of_another_writer_are_skipped(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    """The other one counts rows, as the assistant's old code did, between our batches."""
    foreign_session(connection, "foreign")
    for number in range(10):
        write(entries([confidence(f"s{number}", 0.1)]), installation)
        connection.execute(
            text("""
                INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
                    session_summary, created_at, updated_at)
                SELECT 'foreign' || :number, 'foreign', 'AB-' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') || '-'
                    || to_char(count(*) + 1, 'FM0000'), 'low', 'closed', 'x', '', now(), now()
                FROM public.support_tickets"""),
            {"number": number},
        )
    assert len(rows(connection, TICKETS)) == 10
    all_numbers = rows(connection, "SELECT ticket_number FROM public.support_tickets ORDER BY 1")
    assert len({row["ticket_number"] for row in all_numbers}) == 20
    assert all_numbers[-1]["ticket_number"].endswith("-0020")


def test_a_day_can_need_more_digits(installation: Installation, entries: Entries, connection: Connection) -> None:
    foreign_session(connection, "foreign")
    connection.execute(
        text("""INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
                session_summary, created_at, updated_at)
                SELECT 'f', 'foreign', 'AB-' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') || '-9999',
                'low', 'closed', 'x', '', now(), now()""")
    )
    write(entries([confidence("s", 0.1)]), installation)
    (ticket,) = rows(connection, TICKETS)
    assert ticket["ticket_number"].endswith("-10000")
