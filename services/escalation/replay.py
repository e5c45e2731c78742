"""Evaluates stored events again, under another policy or with other ears, and says what would differ; it only reads."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text

from escalation_client.events import MessageAdded, SessionStarted, TextJudged
from rules.confirmation import Answer
from rules.decision import Examined, Fired, SessionState, decide
from rules.reasons import BASE_PRIORITY, REASONS, by_gravity
from rules.triggers import Signal, examine, text_of
from services.conversation.sources import StoredEvent, load_stored_events
from services.installation import Installation
from services.listening.ear import SecondEar
from services.listening.judge import judge_texts

_SESSIONS_AT_ONCE = 200
_TEXTS_AT_ONCE = 32
_SESSIONS = text("""
    SELECT session_id FROM escalation.event_inbox WHERE received_at >= :since GROUP BY session_id ORDER BY session_id
""")
_TICKETS = text("""
    SELECT t.session_id, t.ticket_number, t.reasons,
           (SELECT jsonb_object_agg(v.reason, v.verdict) FROM escalation.trigger_verdicts AS v
            WHERE v.ticket_id = t.ticket_id) AS feedback
    FROM escalation.tickets AS t WHERE t.session_id = ANY(CAST(:session_ids AS text[])) ORDER BY t.ordinal
""")


@dataclass(frozen=True, slots=True)
class _ReplayedEvent:
    """An event that speaks for a reason: in the record (`was`), or only now."""

    reason: str
    event_id: str
    message_id: str | None
    was: bool


@dataclass(frozen=True, slots=True)
class ReplayedSession:
    """A session's reasons as decided then and as they would be now, gravest first.

    `feedback`: what experts said of the reasons then.
    """

    session_id: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    events: tuple[_ReplayedEvent, ...]
    tickets: tuple[str, ...]
    feedback: Mapping[str, str]

    @property
    def differs(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """All sessions with events since a time; `different` are those whose reasons differ."""

    since: datetime
    sessions: int
    escalated_before: int
    escalated_after: int
    different: tuple[ReplayedSession, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"since": self.since.isoformat()}


@dataclass(frozen=True, slots=True)
class ReplayEars:
    """Who hears in a replay: `judges_again` with `ear`, else what was judged then counts; without a second ear, lists.

    The policy of the installation says whether there is a second ear at all.
    """

    judges_again: bool = False
    ear: SecondEar | None = None


def replay(connection: Connection, since: datetime, installation: Installation, ears: ReplayEars) -> ReplayReport:
    """Evaluate all events of the sessions that had some since then, under this installation's policy and lists."""
    session_ids = list(connection.execute(_SESSIONS, {"since": since}).scalars())
    sessions = [
        session
        for chunk in _chunks(session_ids, _SESSIONS_AT_ONCE)
        for session in _replay_sessions(connection, chunk, installation, ears)
    ]
    return ReplayReport(
        since=since,
        sessions=len(sessions),
        escalated_before=sum(bool(session.before) for session in sessions),
        escalated_after=sum(bool(session.after) for session in sessions),
        different=tuple(session for session in sessions if session.differs),
    )


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _replay_sessions(
    connection: Connection, session_ids: Sequence[str], installation: Installation, ears: ReplayEars
) -> Iterator[ReplayedSession]:
    kept = load_stored_events(connection, session_ids)
    tickets: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(_TICKETS, {"session_ids": list(session_ids)}):
        tickets[row.session_id].append(row)
    for session_id in session_ids:
        yield _compare(session_id, kept.get(session_id, []), tickets[session_id], installation, ears)


def _compare(
    session_id: str, kept: Sequence[StoredEvent], tickets: Sequence[Any], installation: Installation, ears: ReplayEars
) -> ReplayedSession:
    examined = _examine_again(kept, installation, ears)
    fired = decide(SessionState(session_id), examined, installation.policy).fired
    before = {reason for row in tickets for reason in row.reasons} | {reason for _, reason in _fired_then(kept)}
    after = {each.reason for each in fired}
    return ReplayedSession(
        session_id=session_id,
        before=tuple(by_gravity(before & set(REASONS))),
        after=tuple(by_gravity(after)),
        events=tuple(dict.fromkeys(_events_of_difference(kept, fired, before, after))),
        tickets=tuple(row.ticket_number for row in tickets),
        feedback={reason: word for row in tickets for reason, word in (row.feedback or {}).items()},
    )


def _examine_again(kept: Sequence[StoredEvent], installation: Installation, ears: ReplayEars) -> list[Examined]:
    policy = installation.policy
    judged_then = policy.second_ear and not ears.judges_again
    examined = [
        Examined(each.event, (*examine(each.event, policy, installation.lexicon), *_answers(each, policy.second_ear)))
        for each in kept
        if judged_then or not isinstance(each.event, TextJudged) or (policy.second_ear and _is_unanswered(each.event))
    ]
    if policy.second_ear and ears.judges_again:
        judged = _judge_again(kept, installation, ears)
        examined += [Examined(event, examine(event, policy, installation.lexicon)) for event in judged]
    return examined


def _is_unanswered(event: TextJudged) -> bool:
    """A user's silence to a question is a fact, whatever is judged again."""
    return event.answer == Answer.NONE


def _answers(stored: StoredEvent, second_ear: bool) -> Iterator[Signal]:
    """What the user answered to a question then: it was asked, so it counts again."""
    for kept in stored.signals:
        if second_ear and kept.get("fired") and kept.get("answer") == Answer.YES:
            evidence = {name: value for name, value in kept.items() if name not in {"rule", "fired"}}
            yield Signal(kept["rule"], True, BASE_PRIORITY[kept["rule"]], evidence)


def _judge_again(kept: Sequence[StoredEvent], installation: Installation, ears: ReplayEars) -> list[TextJudged]:
    languages = [each.event.language for each in kept if isinstance(each.event, SessionStarted)]
    language = languages[0] if languages else None
    texts = [(each.event, language) for each in kept if text_of(each.event).strip()]
    return [judged for batch in _chunks(texts, _TEXTS_AT_ONCE) for judged in judge_texts(batch, ears.ear, installation)]


def _fired_then(kept: Iterable[StoredEvent]) -> Iterator[tuple[StoredEvent, str]]:
    for stored in kept:
        yield from ((stored, each["rule"]) for each in stored.signals if each.get("fired"))


def _events_of_difference(
    kept: Sequence[StoredEvent], fired: Iterable[Fired], before: set[str], after: set[str]
) -> Iterator[_ReplayedEvent]:
    """The events behind each reason that only one of the two has."""
    for stored, reason in _fired_then(kept):
        if reason in before - after:
            yield _ReplayedEvent(reason, *_ids_of(stored.event), was=True)
    for each in fired:
        if each.reason in after - before:
            yield _ReplayedEvent(each.reason, *_ids_of(each.event), was=False)


def _ids_of(event: Any) -> tuple[str, str | None]:
    """The event that carries the text, and its message."""
    if isinstance(event, TextJudged):
        return event.text_event_id, event.message_id
    return str(event.id), event.message_id if isinstance(event, MessageAdded) else None
