"""The few words that a lock screen shows."""

import re
from collections.abc import Iterable
from typing import Final

from rules.reasons import Reason
from services.conversation import Evidence
from services.mail.context.reasons import find_meaning, find_text
from services.mail.i18n.labels import CATEGORIES, PRIORITIES, SHORT_REASONS
from services.mail.i18n.presenter import Presenter
from services.mail.sanitize import one_line
from services.ticket_details import TicketDetails

_LONGEST_PART: Final = 48
_CLAUSE_END: Final = re.compile(r"[.!?;,:،؛؟\n]")


def choose_priority(details: TicketDetails) -> str:
    """A key of PRIORITIES: safety outranks the ticket's own priority, which another writer may have made up."""
    if details.ticket.safety:
        return "safety"
    return details.ticket.priority if details.ticket.priority in PRIORITIES else "medium"


def make_headline(details: TicketDetails, presenter: Presenter, newest: Iterable[Evidence] = ()) -> str:
    """What it is about: danger in the user's words or by their meaning, else the gravest reason and kind of problem."""
    dangers = (
        found for reason in details.ticket.reasons if reason.name == Reason.SAFETY_CONCERN for found in reason.evidence
    )
    phrases = [evidence for evidence in [*newest, *dangers] if evidence.phrase]
    # Somebody hurt is graver than any smoke.
    if danger := min(phrases, key=lambda evidence: evidence.hurt != "said", default=None):
        return _brief(_quote_danger(danger, details, presenter), presenter.language)
    reason = next(iter(details.ticket.reason_names), "")
    category = details.conversation.category
    parts = [presenter.word(reason, SHORT_REASONS)]
    if category and category != "other":
        parts.append(presenter.word(category, CATEGORIES))
    return _brief(": ".join(filter(None, parts)), presenter.language)


def _quote_danger(evidence: Evidence, details: TicketDetails, presenter: Presenter) -> str:
    """The user's own clause where the reader speaks the language, else what the matched words mean."""
    phrase = evidence.phrase or ""
    if evidence.gloss and evidence.language != presenter.language:
        meaning = find_meaning(evidence, presenter)
        # The second ear names what a text is like; nobody has said so.
        return presenter.say("Sounds like: %(meaning)s", meaning=meaning) if evidence.heard else meaning
    _, found, after = find_text(evidence, details).partition(phrase)
    return phrase + _CLAUSE_END.split(after, maxsplit=1)[0] if found else phrase


def label_machine(details: TicketDetails) -> str:
    """The machine's name and model, else the organisation."""
    if details.machine:
        name, model = one_line(details.machine.name), one_line(details.machine.model)
        return _brief(name if model in name else f"{name} {model}")
    return _brief(one_line(details.user.organisation.name if details.user and details.user.organisation else None))


def _brief(text: str, language: str = "") -> str:
    """One line of at most LONGEST_PART characters that ends with a whole word; with a language it has a capital."""
    line = one_line(text)
    if language:
        line = ("İ" if language == "tr" and line[:1] == "i" else line[:1].upper()) + line[1:]
    if len(line) <= _LONGEST_PART:
        return line
    return re.sub(r"\s+\S*$", "", line[: _LONGEST_PART - 1]) + "…"


def describe_user(details: TicketDetails, presenter: Presenter) -> list[str]:
    """What stands below the headline: the machine, and who is in trouble, where, and in which language."""
    parts = [label_machine(details), *_list_places(details, presenter)]
    if details.language:
        language = presenter.formatter.language_name(one_line(details.language))
        parts.append(presenter.say("speaks %(language)s", language=language))
    return list(dict.fromkeys(filter(None, parts)))


def make_preheader(details: TicketDetails, presenter: Presenter) -> str:
    """What a list of mails shows after the subject: who, for whom, where, and what time it is there."""
    formatter, moment = presenter.formatter, details.event_at
    return " · ".join([*_list_places(details, presenter), formatter.elsewhere(moment) or formatter.clocks(moment)])


def _list_places(details: TicketDetails, presenter: Presenter) -> list[str]:
    """The user, the organisation and the place, as far as they are known."""
    organisation = details.user.organisation if details.user else None
    parts = [
        presenter.name(details.user.called) if details.user else "",
        presenter.name(organisation.name) if organisation else "",
        presenter.name(details.machine.location) if details.machine else "",
    ]
    return [part for part in parts if part]
