"""What differs between what must exist after a storm and what does."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from bench.chaos.oracle import Expected, expected
from bench.chaos.sessions import Published
from tests.push_service import Pushed
from tests.smtp_session import Received


@dataclass(slots=True)
class StormVerdict:
    """Counts for the last line, and each difference in words."""

    events: int = 0
    tickets: int = 0
    mails: int = 0
    pushes: int = 0
    lost: int = 0
    doubled: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not (self.lost or self.doubled or self.differences)

    def missing(self, what: str, things: Iterable[object]) -> None:
        for thing in things:
            self.lost += 1
            self.differences.append(f"lost: {what} {thing}")

    def repeated(self, what: str, things: Iterable[object]) -> None:
        for thing in things:
            self.doubled += 1
            self.differences.append(f"doubled: {what} {thing}")

    def same(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.differences.append(f"{what}: is {found!r}, must be {wanted!r}")


def judge(
    connection: Connection, published: Published, received: Sequence[Received], pushed: Sequence[Pushed]
) -> StormVerdict:
    """Compare everything; the connection sees what was committed."""
    verdict = StormVerdict(len(published.lines))
    check_events(verdict, connection, published)
    ends = expected(published.good)
    check_sessions(verdict, connection, ends)
    check_tickets(verdict, connection, {name: end for name, end in ends.items() if end.reasons})
    check_audit(verdict, connection)
    check_mails(verdict, connection, received)
    check_pushes(verdict, connection, pushed)
    check_outcomes(verdict, connection)
    return verdict


def rows(connection: Connection, statement: str) -> list[Any]:
    return list(connection.execute(text(statement)))


def compare(verdict: StormVerdict, what: str, found: Counter[Any], wanted: Counter[Any]) -> None:
    verdict.missing(what, (wanted - found).elements())
    verdict.repeated(what, (found - wanted).elements())


def check_events(verdict: StormVerdict, connection: Connection, published: Published) -> None:
    stored = Counter(str(row[0]) for row in rows(connection, "SELECT event_id FROM escalation.event_inbox"))
    compare(verdict, "event", stored, Counter(event["id"] for event in published.good))
    aside = Counter(
        bytes(row[0]).decode() for row in rows(connection, "SELECT payload FROM escalation.rejected_events")
    )
    compare(verdict, "bad event", aside, Counter(published.bad))


def check_sessions(verdict: StormVerdict, connection: Connection, ends: dict[str, Expected]) -> None:
    found = dict(map(tuple, rows(connection, "SELECT session_id, status FROM escalation.sessions")))
    for session, end in ends.items():
        verdict.same(f"status of {session}", found.pop(session, None), end.status)
    verdict.same("sessions that nobody published", found, {})


TICKETS = """
    SELECT t.session_id, t.priority, t.escalation_reason, t.ticket_number, o.reasons, s.status,
        (SELECT count(*) FROM public.escalation_triggers AS g WHERE g.session_id = t.session_id) AS triggers
    FROM public.support_tickets AS t
    LEFT JOIN escalation.tickets AS o ON o.ticket_id = t.id
    LEFT JOIN public.ai_sessions AS s ON s.id = t.session_id
    ORDER BY t.ticket_number
"""


def check_tickets(verdict: StormVerdict, connection: Connection, ends: dict[str, Expected]) -> None:
    found = rows(connection, TICKETS)
    verdict.tickets = len(found)
    compare(verdict, "ticket of", Counter(row.session_id for row in found), Counter(list(ends)))
    for row in found:
        if end := ends.get(row.session_id):
            is_now = (row.priority, row.escalation_reason, frozenset(row.reasons or ()), row.status)
            verdict.same(f"ticket of {row.session_id}", is_now, (end.priority, end.gravest, end.reasons, "escalated"))
            verdict.same(f"triggers of {row.session_id}", row.triggers, len(end.reasons))
    check_numbers(verdict, [row.ticket_number for row in found])


def check_numbers(verdict: StormVerdict, numbers: Sequence[str]) -> None:
    """Gapless within each day."""
    days: dict[str, list[int]] = {}
    for number in numbers:
        _, day, last = number.split("-")
        days.setdefault(day, []).append(int(last))
    for day, given in days.items():
        verdict.same(f"numbers of {day}", sorted(given), list(range(1, len(given) + 1)))


UNAUDITED = """
    SELECT t.id FROM public.support_tickets AS t
    WHERE (SELECT count(*) FROM escalation.audit_log AS a
           WHERE a.table_name = 'support_tickets' AND a.row_id = t.id AND a.action = 'insert') <> 1
       OR to_jsonb(t) IS DISTINCT FROM (SELECT a.new FROM escalation.audit_log AS a
           WHERE a.table_name = 'support_tickets' AND a.row_id = t.id ORDER BY a.audit_id DESC LIMIT 1)
    UNION ALL
    SELECT g.id FROM public.escalation_triggers AS g
    WHERE (SELECT count(*) FROM escalation.audit_log AS a
           WHERE a.table_name = 'escalation_triggers' AND a.row_id = g.id AND a.action = 'insert') <> 1
    UNION ALL
    SELECT s.id FROM public.ai_sessions AS s
    WHERE to_jsonb(s) IS DISTINCT FROM (SELECT a.new FROM escalation.audit_log AS a
           WHERE a.table_name = 'ai_sessions' AND a.row_id = s.id ORDER BY a.audit_id DESC LIMIT 1)
"""


def check_audit(verdict: StormVerdict, connection: Connection) -> None:
    verdict.missing("audit of", (row[0] for row in rows(connection, UNAUDITED)))


RECIPIENTS = """
    SELECT m.message_id, r.address, r.state,
        (SELECT count(*) FROM escalation.delivery_attempts AS a
         WHERE a.recipient_id = r.recipient_id AND a.reply_class = 'unknown') AS unknown
    FROM escalation.mail_recipients AS r JOIN escalation.mails AS m USING (mail_id) WHERE m.lane <> 'push'
"""
WITHOUT_MAIL = """
    SELECT ticket_number FROM escalation.tickets AS t
    WHERE NOT EXISTS (SELECT FROM escalation.mails AS m WHERE m.ticket_id = t.ticket_id AND template = 'ticket_opened')
"""


def check_mails(verdict: StormVerdict, connection: Connection, received: Sequence[Received]) -> None:
    """Each mail was accepted; it came more than once only as often as its reply was lost, which is on record."""
    taken = Counter((one.header("Message-ID"), address) for one in received for address in one.recipients)
    verdict.missing("mail of", (row[0] for row in rows(connection, WITHOUT_MAIL)))
    for row in rows(connection, RECIPIENTS):
        verdict.mails += 1
        times = taken.pop((row.message_id, row.address), 0)
        verdict.same(f"state of mail {row.message_id}", row.state, "accepted")
        if not times:
            verdict.missing("mail", [row.message_id])
        too_often = times - 1 - row.unknown
        came = f"{row.message_id} (came {times} times, reply lost {row.unknown} times)"
        verdict.repeated("mail", [came] * too_often)
    verdict.repeated("mail that is in no outbox", taken)


# What a message says, by its kind.
SAID = {
    "push_opened": "A new ticket.",
    "push_danger": "a new sign of danger",
    "push_unacknowledged": "Now it is your turn.",
}
PUSHES = """
    SELECT split_part(r.address, ' via ', 1) AS contact, t.ticket_number, m.template, count(*) AS queued,
        count(*) FILTER (WHERE r.state <> 'accepted') AS unfinished,
        sum((SELECT count(*) FROM escalation.delivery_attempts AS a
             WHERE a.recipient_id = r.recipient_id AND a.reply_class = 'unknown')) AS unknown
    FROM escalation.mail_recipients AS r JOIN escalation.mails AS m USING (mail_id)
    JOIN escalation.tickets AS t USING (ticket_id)
    WHERE m.lane = 'push' GROUP BY 1, 2, 3
"""


def check_pushes(verdict: StormVerdict, connection: Connection, pushed: Sequence[Pushed]) -> None:
    """Each push message was taken; more often only where its sender ended before it heard so, which is on record."""
    taken = Counter(name for one in pushed if one.taken for name in names_of(one))
    for row in rows(connection, PUSHES):
        verdict.pushes += row.queued
        name = (row.contact, row.ticket_number, row.template)
        times = taken.pop(name, 0)
        verdict.same(f"pushes {name} not accepted", row.unfinished, 0)
        verdict.missing("push", [name] * (row.queued - times))
        verdict.repeated("push", [f"{name} (unknown {row.unknown} times)"] * (times - row.queued - int(row.unknown)))
    verdict.repeated("push that is in no outbox", taken)


def names_of(one: Pushed) -> Iterable[tuple[str, str, str]]:
    """To whom it went, the ticket and the kind."""
    numbers = re.findall(r"AB-\d+-\d+", one.body)
    return [(one.path.strip("/"), numbers[0], kind) for kind, words in SAID.items() if words in one.body]


def check_outcomes(verdict: StormVerdict, connection: Connection) -> None:
    """Each ticket was told of once, and each mail once that a server accepted."""
    told = {kind: Counter[str]() for kind in ("ticket.opened", "mail.accepted")}
    for kind, ticket_id in rows(connection, TOLD):
        told[kind][ticket_id] += 1
    tickets = Counter(row[0] for row in rows(connection, "SELECT id FROM public.support_tickets"))
    compare(verdict, "outcome of ticket", told["ticket.opened"], tickets)
    mails = Counter(row[0] for row in rows(connection, ACCEPTED))
    compare(verdict, "outcome of a mail of", told["mail.accepted"], mails)


TOLD = """
    SELECT payload ->> 'type', payload ->> 'ticket_id' FROM escalation.outcomes
    WHERE payload ->> 'type' IN ('ticket.opened', 'mail.accepted') AND published_at IS NOT NULL
"""
ACCEPTED = """
    SELECT m.ticket_id FROM escalation.mails AS m
    WHERE m.template IN ('ticket_opened', 'ticket_updated')
      AND EXISTS (SELECT FROM escalation.mail_recipients AS r WHERE r.mail_id = m.mail_id AND r.state = 'accepted')
"""
