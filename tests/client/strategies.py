"""Any event that a publisher could build, and any JSON that it could send."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from escalation_client.events import (
    ConfidenceReported,
    DiagnosisMade,
    EscalationRequested,
    Event,
    MessageAdded,
    SessionEnded,
    SessionStarted,
    StepRecorded,
)

UNSTORABLE = {"blacklist_characters": "\0", "blacklist_categories": ("Cs",)}


def text(least: int = 0, most: int = 60) -> st.SearchStrategy[str]:
    return st.text(st.characters(**UNSTORABLE), min_size=least, max_size=most)  # type: ignore[arg-type]


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=ZONES | st.just(UTC))
FRACTIONS = st.floats(0, 1)
FLAGS = st.booleans()
OPTIONAL_FLAGS = st.none() | FLAGS
LANGUAGES = st.none() | st.sampled_from(
    ["en", "el", "ar", "es", "tr", "no", "nb", "nn-NO", "en-US", "de", "zh-Hant-TW"]
)
PRIORITIES = st.none() | st.sampled_from(["low", "medium", "high", "urgent"])
REASONS = st.sampled_from(
    ["safety_concern", "user_request", "expert_required", "complex_issue", "low_confidence", "steps_exceeded"]
)
TEXTS = st.lists(text(), max_size=4).map(tuple)
JSON_VALUES = st.recursive(
    st.none() | FLAGS | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text(1, 8), inner, max_size=3),
    max_leaves=6,
)
# The names begin with an underscore, so that they are no member's.
EXTRA = st.dictionaries(text(0, 8).map(lambda name: "_" + name), JSON_VALUES, max_size=3)
COMMON = {"session_id": text(1, 64), "occurred_at": TIMES, "extra": EXTRA}
IDS = text(1, 255)

EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(SessionStarted, user_id=IDS, machine_id=st.none() | IDS, language=LANGUAGES, **COMMON),
    st.builds(
        MessageAdded,
        message_id=IDS,
        sender=st.sampled_from(["user", "assistant", "system"]),
        content=text(0, 400),
        message_type=text(1, 64),
        language=LANGUAGES,
        safety=OPTIONAL_FLAGS,
        **COMMON,
    ),
    st.builds(
        DiagnosisMade,
        problem_category=text(),
        likely_causes=TEXTS,
        confidence_level=st.sampled_from(["high", "medium", "low", "very_low", " Very  LOW "]),
        confidence=st.none() | FRACTIONS,
        safety_warnings=TEXTS,
        requires_expert=FLAGS,
        recommended_steps=TEXTS,
        estimated_duration=st.none() | st.integers(0, 2**31 - 1),
        safety=OPTIONAL_FLAGS,
        **COMMON,
    ),
    st.builds(
        StepRecorded,
        step_number=st.integers(1, 2**31 - 1),
        instruction=text(),
        user_feedback=st.none() | text(),
        completed=FLAGS,
        success=OPTIONAL_FLAGS,
        confidence=st.none() | FRACTIONS,
        safety=OPTIONAL_FLAGS,
        **COMMON,
    ),
    st.builds(ConfidenceReported, confidence=FRACTIONS, **COMMON),
    st.builds(
        EscalationRequested,
        reason=REASONS,
        priority=PRIORITIES,
        notes=st.none() | text(),
        requested_by=st.none() | IDS,
        callback_phone=st.none() | IDS,
        **COMMON,
    ),
    st.builds(SessionEnded, status=st.sampled_from(["completed", "abandoned", "escalated"]), **COMMON),
)
