"""A person is erased from every table of ours; ticket numbers and counts stay."""

import pytest
from sqlalchemy import Connection, text

from services.database.engine import begin
from services.privacy.erasure import MailOnItsWay, erase
from services.schema.rebuild import rebuild
from services.ticket_details import load_ticket_details
from services.tickets.actions import acknowledge, resolve
from tests.services.privacy.erased import places_with, told

__all__ = ["told"]

NUMBER = text("SELECT ticket_number FROM escalation.tickets WHERE session_id = 's1'")
CHANGES = text("""
    SELECT actor, old ->> 'status', new ->> 'status' FROM escalation.audit_log
    WHERE table_name = 'support_tickets' AND action = 'update' AND new ->> 'ticket_number' = :number
    ORDER BY audit_id
""")
ADDRESSES = text("SELECT session_id, address FROM escalation.mail_recipients JOIN escalation.mails USING (mail_id)")
SUMMARIES = text("SELECT session_id, session_summary FROM public.support_tickets")


def test_nothing_of_the_person_is_left_and_the_ticket_is(told: Connection) -> None:
    assert "event_inbox" in places_with(told, "smoke")
    with begin() as connection:
        erase(connection, "zq-1")
    assert places_with(told, "Zebulon") == []
    assert places_with(told, "zq-1") == []
    numbers = told.execute(text("SELECT count(*) FROM escalation.tickets WHERE ticket_number LIKE 'AB-%'")).scalar_one()
    assert numbers == 2


def test_other_people_are_left_alone(told: Connection) -> None:
    with begin() as connection:
        erase(connection, "zq-1")
    assert "event_inbox" in places_with(told, "i smell smoke here too")


def test_a_ticket_can_still_be_told_of(told: Connection) -> None:
    with begin() as connection:
        erase(connection, "zq-1")
        tickets = list(connection.execute(text("SELECT ticket_id FROM escalation.tickets")).scalars())
        assert set(load_ticket_details(connection, tickets)) == set(tickets)


def test_nobody_is_erased_while_a_mail_about_them_is_on_its_way(told: Connection) -> None:
    told.execute(text("UPDATE escalation.mail_recipients SET state = 'deferred'"))
    with pytest.raises(MailOnItsWay), begin() as connection:
        erase(connection, "zq-1")


UPDATE = """
    UPDATE public.support_tickets SET session_summary = 'erased', resolution_notes = NULL, machine_context = NULL;
    UPDATE public.ai_sessions SET user_id = 'erased', session_metadata = NULL"""
DELETE = """
    DELETE FROM public.escalation_triggers; DELETE FROM public.support_tickets; DELETE FROM public.ai_sessions"""


@pytest.mark.parametrize("by_abparts", [UPDATE, DELETE], ids=["by update", "by delete"])
@pytest.mark.parametrize("first", ["abparts", "erase-user"])
def test_the_order_of_both_erasures_does_not_matter(told: Connection, by_abparts: str, first: str) -> None:
    told.execute(
        text("""UPDATE public.ai_sessions SET session_metadata = '{"x": "Zebulon \\ud83d"}' WHERE id = 's1'""")
    )
    if first == "abparts":
        told.execute(text(by_abparts))
    with begin() as connection:
        erase(connection, "zq-1")
    if first == "erase-user":
        told.execute(text(by_abparts))
    assert (places_with(told, "Zebulon"), places_with(told, "zq-1")) == ([], [])
    assert "audit_log" in places_with(told, "i smell smoke here too"), "of others all is kept"


def test_sessions_that_abparts_alone_had_are_found_in_the_audit_log(told: Connection) -> None:
    told.execute(
        text("""
        INSERT INTO public.ai_sessions (id, user_id, status, language, created_at, updated_at, session_metadata)
        VALUES ('theirs', 'zq-1', 'active', 'en', now(), now(), '{"said": "Zebulon"}'),
               ('half', 'zq-1', 'active', 'en', now(), now(), '{"said": "Zebulon \\ud83d"}')""")
    )
    told.execute(text("DELETE FROM public.ai_sessions WHERE id IN ('theirs', 'half')"))
    assert "audit_log" in places_with(told, "Zebulon")
    with begin() as connection:
        erase(connection, "zq-1")
    assert (places_with(told, "Zebulon"), places_with(told, "zq-1")) == ([], [])


def test_work_on_the_ticket_afterwards_is_on_record_without_texts(told: Connection) -> None:
    with begin() as connection:
        erase(connection, "zq-1")
    number = told.execute(NUMBER).scalar_one()
    with begin() as connection:
        acknowledge(connection, number, "Maria")
    with begin() as connection:
        resolve(connection, number, "Zebulon's hose is new", "Maria")
    assert places_with(told, "Zebulon") == ["ticket_actions"], "what staff write anew, until it is erased again"
    changes = told.execute(CHANGES, {"number": number}).all()
    assert [tuple(change) for change in changes] == [
        ("Maria", "open", "in_progress"),
        ("Maria", "in_progress", "resolved"),
    ]
    with begin() as connection:
        connection.execute(text("UPDATE escalation.mail_recipients SET state = 'accepted'"))
        erase(connection, "zq-1")
    assert places_with(told, "Zebulon") == []


def test_a_rebuild_afterwards_writes_no_texts_to_the_log(told: Connection) -> None:
    with begin() as connection:
        erase(connection, "zq-1")
    told.execute(text("DROP TRIGGER escalation_audit_update ON public.support_tickets"))
    with begin() as connection:
        rebuild(connection)
    assert places_with(told, "Zebulon") == []


def test_a_rebuild_afterwards_makes_no_summary_of_what_abparts_still_holds(told: Connection) -> None:
    told.execute(
        text("""
        INSERT INTO public.ai_messages (id, session_id, sender, content, message_type, language, timestamp)
        VALUES ('m1', 's1', 'user', 'Zebulon wrote this', 'text', 'en', now())""")
    )
    with begin() as connection:
        erase(connection, "zq-1")
    told.execute(text("ALTER TABLE public.support_tickets DROP COLUMN session_summary"))
    with begin() as connection:
        assert rebuild(connection).refused == []
    summaries = {row.session_id: row.session_summary for row in told.execute(SUMMARIES)}
    assert summaries["s1"] == "erased"
    assert "i smell smoke here too" in summaries["s2"]


def test_a_notice_to_the_customer_is_found_when_abparts_has_the_address_no_more(told: Connection) -> None:
    told.execute(text("UPDATE escalation.mails SET template = 'customer_notice' WHERE session_id = 's1'"))
    with begin() as connection:
        erase(connection, "zq-1")
    addresses = told.execute(ADDRESSES).all()
    assert {address == "erased" for session, address in addresses if session == "s1"} == {True}
    assert {address == "erased" for session, address in addresses if session == "s2"} == {False}


def test_abparts_may_delete_all_that_is_its_own(told: Connection) -> None:
    for table in ("escalation_triggers", "support_tickets", "ai_sessions"):
        told.execute(text(f"DELETE FROM public.{table}"))
    with begin() as connection:
        erase(connection, "zq-1")
    assert places_with(told, "Zebulon") == []


def test_the_words_that_we_wrote_into_abparts_tickets_go_and_what_others_wrote_stays(told: Connection) -> None:
    number = told.execute(NUMBER).scalar_one()
    with begin() as connection:
        resolve(connection, number, "Zebulon closed the valve", "ana")
    with begin() as connection:
        erase(connection, "zq-1")
    kept = told.execute(text("SELECT session_id, session_summary, resolution_notes FROM support_tickets ORDER BY 1"))
    (mine, other) = kept.all()
    assert mine == ("s1", "erased", "erased")
    assert "smoke here too" in other.session_summary
