"""Why a session did or did not escalate, in sentences made from the kept evidence."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rules.reasons import REASON_WORDS, by_gravity
from rules.triggers import WORD_LISTS_ALONE

_Evidence = Mapping[str, Any]


def explain(evidence: Sequence[_Evidence], tickets: Sequence[Mapping[str, Any]], events: int, rejected: int) -> str:
    """The story in a few English sentences.

    :param evidence: what each rule saw, of all events
    :param tickets: each with `ticket_number`, `priority`, `status` and `reasons` (evidence by reason)
    :param events: how many events were evaluated
    :param rejected: how many could not be read
    """
    sentences = [opened(ticket) for ticket in tickets] or list(_not_opened(evidence, events))
    if rejected:
        sentences.append(f"{counted(rejected, 'event')} could not be read and {_was(rejected)} set aside.")
    return " ".join(sentences)


def opened(ticket: Mapping[str, Any]) -> str:
    reasons = ticket["reasons"]
    grounds = "; ".join(REASON_WORDS[reason] + show_evidence(reasons[reason]) for reason in by_gravity(reasons))
    because = grounds or "it was opened by somebody else"
    return f"Ticket {ticket['ticket_number']} ({ticket['priority']}, {ticket['status']}): {because}."


def _not_opened(evidence: Sequence[_Evidence], events: int) -> Iterator[str]:
    if not events:
        yield "No event of this session has arrived."
        return
    fired = by_gravity(each["rule"] for each in evidence if each["fired"])
    if fired:
        words = "; ".join(REASON_WORDS[reason] for reason in fired)
        yield f"No ticket, although rules fired ({words}): the worker only watches (MODE=shadow)."
        return
    yield f"No ticket: no rule fired in {counted(events, 'event')}."
    yield from _nearest(evidence)


def _nearest(evidence: Sequence[_Evidence]) -> Iterator[str]:
    """How near the rules came."""
    doubts = [each for each in evidence if each["rule"] == "low_confidence"]
    if doubts:
        lowest = min(doubts, key=lambda each: float(each["observed"]))
        yield f"The lowest confidence was {lowest['observed']}; a ticket needs less than {lowest['limit']}."
    steps = [each for each in evidence if each["rule"] == "steps_exceeded" and each.get("failed")]
    if steps:
        number = len({each["step"] for each in steps})
        yield f"{counted(number, 'step')} did not help; a ticket needs {steps[-1]['limit']}."
    for each in evidence:
        if each.get("weak"):
            yield f"Heard without counting it: “{each['phrase']}” ({each['reason']})."
        elif each.get("waits_for"):
            yield f"“{each.get('phrase')}” leaves the word lists in doubt; it waits for the {each['waits_for']}."
    yield from _unsure(evidence)
    if any(each.get("ears") == WORD_LISTS_ALONE for each in evidence):
        yield "No second ear listened (switched off, or its wheels are missing): the word lists heard alone."


def _quoted(evidence: _Evidence) -> str:
    """The words; what was erased, or published without them, has none."""
    return f"“{evidence['phrase']}”" if evidence.get("phrase") else "a text"


def _unsure(evidence: Sequence[_Evidence]) -> Iterator[str]:
    """What the second ear was not sure of, and what the user answered."""
    for each in evidence:
        if each.get("answer"):
            yield f"Asked about {_quoted(each)}, the user {_ANSWERS[each['answer']]}."
        elif each.get("ear") == "second":
            reason = REASON_WORDS[each["rule"]]
            yield (
                f"The second ear was not sure of {_quoted(each)}: {each['observed']} for “{reason}”, and "
                f"{each['limit']} is needed; from {each['ask_from']} on the user is asked."
            )


_ANSWERS = {"yes": "said yes", "no": "said no", "none": "did not answer"}


def show_evidence(evidence: _Evidence) -> str:
    """What the rule saw, in brackets, when there is something to show."""
    if evidence.get("ear") == "second":
        answer = f"; asked, the user {_ANSWERS[evidence['answer']]}" if evidence.get("answer") else ""
        return (
            f" (“{evidence.get('phrase', '')}”, second ear {evidence['observed']}, limit {evidence['limit']}{answer})"
        )
    if "phrase" in evidence:
        return f" (“{evidence['phrase']}”)"
    if grounds := evidence.get("grounds"):
        return f" ({', '.join(grounds)})"
    if "observed" in evidence and "limit" in evidence:
        return f" ({evidence['observed']}, limit {evidence['limit']})"
    return ""


def counted(number: int, noun: str, many: str | None = None) -> str:
    """Such as `1 event`; `many` where the plural is another than with an s."""
    return f"{number} {noun if number == 1 else many or f'{noun}s'}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def flattened(events: Iterable[Mapping[str, Any]]) -> list[_Evidence]:
    """What each rule saw, of all these events, in their order."""
    return [each for event in events for each in event["evidence"]]
