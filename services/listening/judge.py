"""Judges waiting texts and publishes what was heard: an event like any other, so that the same rules decide."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import structlog
from redis import Redis
from sqlalchemy import Connection

from escalation_client.events import Event, InvalidEvent, MessageAdded, StepRecorded, TextJudged, decode, encode
from rules.detection import Finding, Findings, detect
from rules.triggers import CERTAIN, KIND_REASON, text_of
from services.database.encoding import json_text
from services.events.stream import EVENTS
from services.installation import Installation
from services.listening.ear import HeardText, Judgement, SecondEar
from services.listening.queue import ClaimedText, claim_chosen, claim_overdue, claim_texts, finish_texts, settle_doubt
from services.listening.tries import MOST_TRIES, begin_try, count_tries, end_try

logger = structlog.get_logger()

# The model's name in judgements that were made without one.
WORD_LISTS = "word-lists"
_LONGEST_PHRASE = 240
# Of long texts few at a time: one takes two thirds of a second.
_MOST_LETTERS = 2_500


def judge_waiting(
    connection: Connection, redis: Redis, ear: SecondEar | None, installation: Installation, limit: int
) -> tuple[int, int]:
    """Judge up to `limit` waiting texts; their rows, and no others, stay locked until the caller commits.

    Without a second ear what the word lists heard counts, also where they were in doubt. So it does for a text with
    which the second ear has come to no end three times.

    :return: how many texts were judged, and how many judgements were published; fewer than `limit` may mean that they
        were long, or that one was judged by itself
    """
    with connection.begin_nested() as claim:
        claimed = claim_texts(connection, limit)
        texts, tries = _choose(redis, claimed) if ear else (claimed, 0)
        if len(texts) < len(claimed):
            claim.rollback()
    if len(texts) < len(claimed):
        texts = claim_chosen(connection, [text.event_id for text in texts])
    event_ids = [text.event_id for text in texts]
    if tries >= MOST_TRIES:
        for event_id in event_ids:
            logger.warning("second_ear_gives_up_text", event_id=str(event_id), tries=tries)
        ear = None
    if ear:
        begin_try(redis, event_ids)
    published = _judge(redis, ear, installation, texts)
    finish_texts(connection, event_ids)
    if ear:
        end_try(redis, event_ids)
    return len(texts), published


def _choose(redis: Redis, claimed: Sequence[ClaimedText]) -> tuple[Sequence[ClaimedText], int]:
    """What to judge of these texts, and how often that was tried before.

    One that was tried is judged by itself, so that a text that ends the process takes no other with it a second time.
    One that was tried twice is probably such a text: it comes after those that were never tried.
    """
    by_tries: dict[int, list[ClaimedText]] = defaultdict(list)
    for tries, text in zip(count_tries(redis, [text.event_id for text in claimed]), claimed, strict=True):
        by_tries[min(tries, MOST_TRIES)].append(text)
    for tries in (MOST_TRIES, 1, 0, *range(2, MOST_TRIES)):
        if texts := by_tries[tries]:
            return (_first_letters(texts) if tries in {0, MOST_TRIES} else texts[:1]), tries
    return (), 0


def _first_letters(texts: Sequence[ClaimedText]) -> Sequence[ClaimedText]:
    """The first of them: as many as are judged soon, and one at least."""
    letters = 0
    for count, text in enumerate(texts):
        event = _read(text)
        letters += len(text_of(event)) if event else 0
        if count and letters > _MOST_LETTERS:
            return texts[:count]
    return texts


def judge_overdue(
    connection: Connection, redis: Redis, installation: Installation, limit: int, older_than: float
) -> tuple[int, int]:
    """Let the word lists alone decide on doubtful danger that no second ear has judged within so many seconds."""
    claimed = claim_overdue(connection, limit, older_than)
    published = _judge(redis, None, installation, claimed)
    settle_doubt(connection, [text.event_id for text in claimed])
    return len(claimed), published


def _judge(redis: Redis, ear: SecondEar | None, installation: Installation, claimed: Sequence[ClaimedText]) -> int:
    """Publish what is heard in these texts, before they are forgotten: a crash in between only repeats it."""
    events = [(event, text.language) for text in claimed if (event := _read(text)) is not None]
    published = judge_texts(events, ear, installation)
    _publish(redis, published)
    return len(published)


def judge_texts(
    events: Sequence[tuple[Event, str | None]], ear: SecondEar | None, installation: Installation
) -> list[TextJudged]:
    """What is heard in the texts of these events, each with its session's language; without a second ear, by the lists.

    Only what counts or is worth asking about, by the policy.
    """
    heard = [
        HeardText(text_of(event), detect(text_of(event), _language_of(event) or language, installation.lexicon))
        for event, language in events
    ]
    judged = ear.judge(heard) if ear else [_by_lists(each.findings) for each in heard]
    model = ear.model if ear else WORD_LISTS
    return [
        judgement
        for (event, language), text, by_kind in zip(events, heard, judged, strict=True)
        for judgement in _as_events(event, language, text.findings, by_kind, model, installation)
    ]


def _read(text: ClaimedText) -> Event | None:
    """The event; None when it is gone or was erased."""
    if not text.payload:
        return None
    try:
        return decode(json_text(text.payload))
    except InvalidEvent:
        return None


def _by_lists(findings: Findings) -> Mapping[str, Judgement]:
    """What counts where there is no second ear: a doubt of the lists."""
    return {
        kind: Judgement(kind, CERTAIN, "doubtful", ())
        for kind, reason in KIND_REASON.items()
        if findings.heard(reason) == "doubtful"
    }


def _as_events(
    event: Event,
    language: str | None,
    findings: Findings,
    by_kind: Mapping[str, Judgement],
    model: str,
    installation: Installation,
) -> Iterator[TextJudged]:
    """Events for the kinds that count or are to be asked about, and that the lists had not settled already."""
    policy = installation.policy
    for kind, judgement in by_kind.items():
        if judgement.lists == "sure" or judgement.score < min(policy.threshold(kind), policy.ask_threshold(kind)):
            continue
        finding = next((found for found in findings if found.kind == KIND_REASON[kind]), None)
        yield TextJudged(
            # The same for the same text, kind and model, so that judging twice harms nothing.
            id=TextJudged.deterministic_id(event.id, kind, model),
            session_id=event.session_id,
            occurred_at=event.occurred_at,
            text_event_id=str(event.id),
            kind=kind,
            score=round(judgement.score, 4),
            model=model,
            nearest=tuple(_as_json(judgement)) or _gloss_of(finding),
            lists=judgement.lists,
            phrase=_phrase(text_of(event)),
            language=_language_of(event) or (finding.language if finding else language),
            hurt=finding.hurt if finding and kind == "danger" else None,
            message_id=event.message_id if isinstance(event, MessageAdded) else None,
            step=event.step_number if isinstance(event, StepRecorded) else None,
        )


def _as_json(judgement: Judgement) -> Iterator[dict[str, str | float]]:
    for known, similarity in judgement.nearest:
        yield {
            "text": known.text,
            "language": known.language,
            "gloss": known.gloss,
            "similarity": round(similarity, 3),
        }


def _gloss_of(finding: Finding | None) -> tuple[dict[str, str], ...]:
    return ({"text": finding.phrase, "language": finding.language, "gloss": finding.gloss},) if finding else ()


def _phrase(text: str) -> str:
    """As much of the text as is shown, ending with a whole word."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_PHRASE else line[:_LONGEST_PHRASE].rsplit(" ", 1)[0]


def _language_of(event: Event) -> str | None:
    return event.language if isinstance(event, MessageAdded) else None


def _publish(redis: Redis, judgements: Iterable[TextJudged]) -> None:
    """Into the stream, where the same judgement of the same text has the same id."""
    with redis.pipeline(transaction=False) as pipeline:
        for judgement in judgements:
            pipeline.xadd(EVENTS, {"event": encode(judgement)})
        pipeline.execute()
