"""What experts think of the triggers: were they needed, and did they come at the right time?"""

from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy import Connection, text

from rules.reasons import REASON_WORDS
from rules.ticket_states import VERDICTS
from services.database.encoding import identity
from services.tickets.queries import find_ticket
from services.tickets.validation import UnfitText, checked_name

_REASONS = text("SELECT reasons FROM escalation.tickets WHERE ticket_id = :ticket_id")
_READ = text("SELECT reason, verdict, given_by, given_at FROM escalation.trigger_verdicts WHERE ticket_id = :ticket_id")
_WRITE = text("""
    INSERT INTO escalation.trigger_verdicts (trigger_id, ticket_id, reason, verdict, given_by)
    SELECT n.trigger_id, :ticket_id, n.reason, n.verdict, :who
    FROM unnest(CAST(:trigger_ids AS text[]), CAST(:reasons AS text[]), CAST(:verdicts AS text[]))
        AS n (trigger_id, reason, verdict)
    ON CONFLICT (trigger_id) DO UPDATE
    SET verdict = excluded.verdict, given_by = excluded.given_by, given_at = clock_timestamp()
    WHERE (trigger_verdicts.verdict, trigger_verdicts.given_by) <> (excluded.verdict, excluded.given_by)
    RETURNING reason
""")
_RECORD = text("""
    INSERT INTO escalation.ticket_actions (action_id, ticket_id, action, actor, details)
    SELECT :action_id, :ticket_id, 'verdict', :who, jsonb_object_agg(reason, verdict)
    FROM escalation.trigger_verdicts WHERE ticket_id = :ticket_id AND reason = ANY(CAST(:reasons AS text[]))
""")


def give_verdicts(connection: Connection, reference: str, verdicts: Mapping[str, str], who: str) -> int:
    """Store an expert's verdicts on a ticket's reasons; the last one given stands. Return how many are new.

    :raises UnfitText: a reason that the ticket does not have, or a word that is no verdict
    """
    ticket_id, _ = find_ticket(connection, reference)
    who = checked_name(who)
    known = connection.execute(_REASONS, {"ticket_id": ticket_id}).scalar_one_or_none() or {}
    _refuse_unknown(verdicts, known)
    written = connection.execute(
        _WRITE,
        {
            "ticket_id": ticket_id,
            "who": who,
            # The id of the row in ABParts' escalation_triggers.
            "trigger_ids": [str(identity("trigger", ticket_id, reason)) for reason in verdicts],
            "reasons": list(verdicts),
            "verdicts": list(verdicts.values()),
        },
    )
    new = list(written.scalars())
    if new:
        connection.execute(_RECORD, {"action_id": str(uuid4()), "ticket_id": ticket_id, "who": who, "reasons": new})
    return len(new)


def _refuse_unknown(verdicts: Mapping[str, str], known: Mapping[str, object]) -> None:
    if not verdicts:
        raise UnfitText("a verdict should be given on one reason at least")
    for reason, verdict in verdicts.items():
        if reason not in known:
            raise UnfitText(f"the ticket has no such reason; it has {', '.join(known) or 'none of ours'}")
        if verdict not in VERDICTS:
            raise UnfitText(f"a verdict on {REASON_WORDS[reason]!r} should be one of {', '.join(VERDICTS)}")


def verdicts_of(connection: Connection, ticket_id: str) -> dict[str, str]:
    """The verdicts that stand, by reason."""
    return {row.reason: row.verdict for row in connection.execute(_READ, {"ticket_id": ticket_id})}
