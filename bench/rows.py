"""Events as the rows of the inbox that they become, made by the product's own code."""

from datetime import UTC, datetime
from pathlib import Path

from config.lexicon import load_lexicon
from config.policy import load_policy
from rules.decision import Examined
from rules.detection import Lexicon
from rules.policy import Policy
from rules.triggers import examine
from services.events.decoding import Received, Rejected, read_event
from services.events.stream import StreamEntry

Row = tuple[str, str, str, datetime, datetime, str, str, str, str]
POLICY = Path(__file__).parent.parent / "config" / "policy.toml"


def inbox_rows(lines: list[str]) -> list[Row]:
    """In the order of the statement in `bench.sections.events`."""
    policy = load_policy(POLICY)
    received = received_events(lines, policy, load_lexicon())
    return [row_of(each, line, policy.version) for each, line in zip(received, lines, strict=True)]


def received_events(lines: list[str], policy: Policy, lexicon: Lexicon) -> list[Received]:
    """What a worker makes of these events before its transaction: decoded, and asked of all rules."""
    now = datetime.now(UTC)
    received = []
    for number, line in enumerate(lines):
        entry = StreamEntry(f"{int(now.timestamp() * 1000)}-{number}", line.encode(), {})
        found = read_event(entry, now)
        if isinstance(found, Rejected):
            raise AssertionError(f"the mix holds a bad event: {found.reason}")
        received.append(Received(entry, Examined(found.event, examine(found.event, policy, lexicon))))
    return received


def row_of(received: Received, line: str, version: str) -> Row:
    event, published = received.event, received.entry.published_at
    about = (str(event.id), event.session_id, event.type, event.occurred_at, published)
    return (*about, line, received.decision, received.evidence, version)
