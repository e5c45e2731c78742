"""JSON of which an optional member does not fit: it is converted where its meaning is clear, else left out.

What a value means is the client's to say (`convert_member`), which builds events from Python's values by the same
rules; here it is JSON that anybody may have published, and the worker's own words for those of others. The event goes
on, and what the member held is kept with its evidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from escalation_client.events import EVENT_TYPES, Event, InvalidEvent, decode
from escalation_client.events.errors import Unfit, shorten
from escalation_client.events.json_values import inspect_json, inspect_unknown
from escalation_client.events.lenient import convert_member
from escalation_client.events.types import ENVELOPE, MEMBERS, Member
from escalation_client.events.wire import TOP_LEVEL, parse
from rules.foreign_words import convert_word
from services.database.encoding import json_text
from services.events.quick_decode import decode_quickly

_LONGEST_KEPT: Final = 2_000


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """An event, the JSON that says it, and a note (evidence) for each member that did not fit."""

    event: Event
    raw: bytes
    notes: Sequence[dict[str, Any]] = ()


def decode_leniently(raw: bytes, now: datetime) -> ReadEvent:
    """The event that some JSON says.

    :raises InvalidEvent: a member is wrong that the rules cannot do without
    """
    if (event := decode_quickly(raw, now)) is not None:
        return ReadEvent(event, raw)
    try:
        return ReadEvent(decode(raw, now=now), raw)
    except InvalidEvent:
        document = parse(raw)
        notes = list(_repair(document))
        if not notes:
            raise
        repaired = json_text(document).encode()
        return ReadEvent(decode(repaired, now=now), repaired, notes)


def _repair(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Make the members of a parsed event fit, and yield a note for each that did not."""
    name, data = document.get("type"), document.get("data")
    kind = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if kind is None or not isinstance(data, dict):
        return
    members = {member.name: member for member in MEMBERS[kind] if member.name not in ENVELOPE}
    yield from _drop_unknown("", document, frozenset(TOP_LEVEL), depth=1)
    yield from _drop_unknown("data.", data, frozenset(members), depth=2)
    for name, member in members.items():
        value = data.get(name)
        if value is None or _fits(member, value):
            continue
        kept = next((other for other in _convert(member, value) if _fits(member, other)), None)
        if kept is not None:
            data[name] = kept
        elif not member.required:
            del data[name]
        else:
            return
        yield _note(member.path, value, kept)


def _drop_unknown(prefix: str, given: dict[str, Any], known: frozenset[str], depth: int) -> Iterator[dict[str, Any]]:
    for name in given.keys() - known:
        try:
            inspect_unknown(prefix, {name: given[name]}, depth)
        except InvalidEvent as error:
            yield _note(error.member, given.pop(name), None)


def _fits(member: Member, value: Any) -> bool:
    try:
        member.check(value)
    except Unfit:
        return False
    return True


def _convert(member: Member, value: Any) -> Iterator[Any]:
    """What a value may have been meant to be; the first that fits is taken."""
    if isinstance(value, str):
        yield convert_word(member.name, value)
    yield convert_member(member, value)


def _note(member: str, value: Any, kept: Any) -> dict[str, Any]:
    try:
        inspect_json(value, depth=4)
        shown = value if len(json_text(value)) <= _LONGEST_KEPT else shorten(value)
    except Unfit:
        shown = shorten(value)
    return {"rule": "unfit_member", "fired": False, "member": member, "value": shown, "kept": kept}
