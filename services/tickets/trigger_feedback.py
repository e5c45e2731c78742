"""What experts think of the triggers: were they needed, and did they come at the right time?"""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, text

from rules.reasons import REASON_WORDS
from rules.ticket_states import FEEDBACK_WORDS, TriggerFeedback
from services.database.unnest import Unnest
from services.tickets.abparts_rows import trigger_id
from services.tickets.queries import find_ticket
from services.tickets.validation import UnfitText, checked_name

_REASONS = text("SELECT reasons FROM escalation.tickets WHERE ticket_id = :ticket_id")
_READ = text("SELECT reason, verdict, given_by, given_at FROM escalation.trigger_verdicts WHERE ticket_id = :ticket_id")


class _FeedbackRow(NamedTuple):
    trigger_id: str
    reason: str
    verdict: str


_FEEDBACK_ROWS = Unnest(_FeedbackRow)
_WRITE = text(f"""
    INSERT INTO escalation.trigger_verdicts ({_FEEDBACK_ROWS.columns}, ticket_id, given_by)
    SELECT {_FEEDBACK_ROWS.columns}, :ticket_id, :who FROM {_FEEDBACK_ROWS.table}
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


def give_feedback(connection: Connection, reference: str, feedback: Mapping[str, str], who: str) -> int:
    """Store an expert's feedback on a ticket's reasons; the last one given stands. Return how many are new.

    :raises UnfitText: a reason that the ticket does not have, or a word that is no feedback
    """
    ticket_id, _ = find_ticket(connection, reference)
    who = checked_name(who)
    known = connection.execute(_REASONS, {"ticket_id": ticket_id}).scalar_one_or_none() or {}
    _refuse_unknown(feedback, known)
    rows = [
        _FeedbackRow(trigger_id(ticket_id, reason), reason, TriggerFeedback(word)) for reason, word in feedback.items()
    ]
    written = connection.execute(_WRITE, _FEEDBACK_ROWS.parameters(rows, ticket_id=ticket_id, who=who))
    new = list(written.scalars())
    if new:
        connection.execute(_RECORD, {"action_id": str(uuid4()), "ticket_id": ticket_id, "who": who, "reasons": new})
    return len(new)


def _refuse_unknown(feedback: Mapping[str, str], known: Mapping[str, object]) -> None:
    if not feedback:
        raise UnfitText("Give feedback on one reason at least.")
    for reason, word in feedback.items():
        if reason not in known:
            raise UnfitText("The ticket has no such reason; it has: %(known)s.", known=", ".join(known) or "-")
        if word not in FEEDBACK_WORDS:
            raise UnfitText(
                "Feedback on “%(reason)s” should be one of: %(known)s.",
                reason=REASON_WORDS[reason],
                known=", ".join(FEEDBACK_WORDS),
            )


def read_feedback(connection: Connection, ticket_id: str) -> dict[str, str]:
    """The feedback that stands, by reason."""
    return {row.reason: row.verdict for row in connection.execute(_READ, {"ticket_id": ticket_id})}
