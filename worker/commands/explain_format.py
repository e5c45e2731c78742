"""What `explain` tells, as lines for a person at night: when, and what happened. `--json` keeps every detail."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from rules.reasons import REASON_WORDS, by_gravity

Row = Mapping[str, Any]
Line = tuple[str, str]

# Members of the evidence that are told by themselves, and those by which a program finds the phrase again.
PLAIN: Final = {"rule", "fired", "observed", "limit"}
FOR_PROGRAMS: Final = {"start", "end", "entry", "reason", "event_id", "at", "priority"}
HEARD: Final = ("language", "strength", "hurt")


def event_lines(events: Iterable[Row]) -> Iterator[Line]:
    """Each event, with what each rule saw in it below."""
    for event in events:
        yield shown(event["occurred_at"]), " → ".join(filter(None, (event["type"], event["ticket_number"])))
        for evidence in event["evidence"]:
            fired = "fired" if evidence["fired"] else "did not fire"
            yield "", f"  {evidence['rule']} {fired}: {evidence_words(evidence)}".rstrip(": ")


def evidence_words(evidence: Row) -> str:
    """What a rule saw: its value and limit, the phrase and what it means, or whatever else by its name."""
    values = present({"value": evidence.get("observed"), "limit": evidence.get("limit")})
    return ", ".join(filter(None, (named(values), seen(evidence))))


def seen(evidence: Row) -> str:
    if evidence.get("ear") == "second":
        return _by_second_ear(evidence)
    rest = {name: value for name, value in evidence.items() if name not in PLAIN | FOR_PROGRAMS and value}
    if "phrase" not in rest:
        return named(rest)
    heard = ", ".join(str(rest[name]) for name in HEARD if rest.get(name, "unknown") != "unknown")
    other = named({name: value for name, value in rest.items() if name not in {"phrase", "gloss", *HEARD}})
    return "; ".join(filter(None, (f"“{rest['phrase']}”: {rest.get('gloss', '')} ({heard})", other)))


def _by_second_ear(evidence: Row) -> str:
    """What the second ear made of a text: what it sounds like, and what the word lists and the user said of it."""
    near = " and ".join(f"“{each['text']}” ({each['gloss']})" for each in evidence.get("sounds_like", ()))
    parts = [
        f"second ear: “{evidence.get('phrase', '')}”" + (f" sounds like {near}" if near else ""),
        f"asks from {evidence['ask_from']}" if "ask_from" in evidence else "",
        f"word lists {evidence['lists']}" if evidence.get("lists") else "",
        f"the user answered {evidence['answer']}" if evidence.get("answer") else "",
        f"model {evidence['model']}" if evidence.get("model") else "",
    ]
    return "; ".join(filter(None, parts))


def named(values: Row) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in values.items())


def ticket_lines(tickets: Iterable[Row]) -> Iterator[Line]:
    for ticket in tickets:
        taken = f"taken at {shown(ticket['acknowledged_at'])}" if ticket["acknowledged_at"] else "not taken yet"
        yield (
            shown(ticket["opened_at"]),
            f"{ticket['ticket_number']}: {ticket['priority']}, {ticket['status']}, {taken}",
        )
        for reason in by_gravity(ticket["reasons"]):
            evidence = ticket["reasons"][reason]
            words = f"{REASON_WORDS[reason]} ({evidence.get('priority', '?')}): {evidence_words(evidence)}"
            yield moment(evidence.get("at")), f"  {words}".rstrip(": ")


def mail_lines(attempts: Iterable[Row]) -> Iterator[Line]:
    """Each recipient once, with the tries below."""
    for (queued_at, template, address), rows in groupby(attempts, key=itemgetter("queued_at", "template", "address")):
        tries = list(rows)
        due = tries[0]["next_attempt_at"] if tries[0]["state"] in {"queued", "deferred", "unknown"} else None
        again = f", due at {shown(due)}" if due else ""
        yield shown(queued_at), f"{template} to {address}: {tries[0]['state']}{again}"
        for row in tries:
            if row["number"]:
                said = " ".join(shown(row[name]) for name in ("code", "reply") if row[name])
                yield shown(row["started_at"]), f"  try {row['number']}: {ending(row)}{said and f', {said}'}"


def ending(row: Row) -> str:
    if row["reply_class"] == "accepted" or not row["phase"]:
        return row["reply_class"] or "begun"
    return f"{row['reply_class'] or 'not ended'} (at {row['phase']})"


def people_lines(people: Iterable[Row]) -> Iterator[Line]:
    for row in people:
        details = named(present(row["details"] or {}))
        yield shown(row["at"]), f"{row['actor'] or 'somebody'}: {row['action']}{details and f' ({details})'}"


def outcome_lines(outcomes: Iterable[Row]) -> Iterator[Line]:
    for row in outcomes:
        said = f": “{row['say']}”" if row["say"] else ""
        yield shown(row["created_at"]), f"{row['type']}{said}{'' if row['published_at'] else ' (not published yet)'}"


def set_aside_lines(events: Iterable[Row]) -> Iterator[Line]:
    for row in events:
        short = str(row["rejected_id"])[:8]
        then = f"replayed at {shown(row['replayed_at'])}" if row["replayed_at"] else f"see rejected show {short}"
        yield shown(row["rejected_at"]), f"{row['reason']} ({then})"


SECTIONS: Final[Mapping[str, tuple[str, Callable[[Iterable[Row]], Iterator[Line]]]]] = {
    "events": ("Events, and what each rule saw", event_lines),
    "tickets": ("Tickets, and when each reason came", ticket_lines),
    "attempts": ("Mails and attempts", mail_lines),
    "people": ("After the ticket", people_lines),
    "outcomes": ("Told to the assistant", outcome_lines),
    "set_aside": ("Events set aside", set_aside_lines),
}


def present(values: Row) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def moment(at: str | None) -> str:
    """A time that was kept as JSON."""
    return shown(datetime.fromisoformat(at)) if at else ""


def shown(value: Any) -> str:
    """A value as it stands in a terminal."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list():
            return ", ".join(map(shown, value))
        case dict():
            return json.dumps(value, default=str, ensure_ascii=False)
        case _:
            return str(value)
