"""English words for the codes that tickets and sessions hold; each is a message of the catalogues."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rules.reasons import REASON_WORDS
from rules.routing import ACTIONS
from services.mail.i18n.locale import translations

Words = Mapping[str, str]


def _words(**given: str) -> Words:
    return MappingProxyType(given)


REASONS: Final[Words] = MappingProxyType(REASON_WORDS)
# For subjects, of which a lock screen shows forty letters.
SHORT_REASONS: Final = _words(
    safety_concern="danger reported",
    user_request="asks for a person",
    expert_required="expert needed",
    complex_issue="complex problem",
    low_confidence="assistant unsure",
    steps_exceeded="steps did not help",
)
PRIORITIES: Final = _words(safety="URGENT SAFETY", urgent="URGENT", high="HIGH", medium="MEDIUM", low="LOW")
ACTION_WORDS: Final[Words] = MappingProxyType({name: text[0].upper() + text[1:] for name, text in ACTIONS.items()})
HOW_SOON: Final = _words(urgent="Do this now:", high="Do this as soon as possible:")
HURT: Final = _words(
    said="Somebody is hurt, the user says.",
    denied="Nobody is hurt, the user says.",
    unknown="Unknown: nobody has said whether anyone is hurt.",
)
CATEGORIES: Final = _words(
    startup="start-up",
    cleaning_performance="cleaning performance",
    mechanical="mechanical",
    electrical="electrical",
    hydraulic="hydraulic",
    remote_control="remote control",
    maintenance="maintenance",
    other="other",
)
LEVELS: Final = _words(high="high", medium="medium", low="low", very_low="very low", unknown="unknown")
SENDERS: Final = _words(user="User", assistant="Assistant", system="System")
MESSAGE_TYPES: Final = _words(
    voice="voice message",
    image="photo",
    diagnostic_step="troubleshooting step",
    escalation="request for a person",
)
RESULTS: Final = _words(
    helped="helped", failed="did not help", unreported="done, result not reported", unanswered="not answered"
)
STEP_FIGURES: Final = _words(
    helped="Helped: %(number)s.",
    failed="Did not help: %(number)s.",
    unreported="Done, result not reported: %(number)s.",
    unanswered="Not answered: %(number)s.",
)
# What the word lists heard, in the few words of a headline; the key is the word list's gloss.
MEANINGS: Final[Words] = MappingProxyType(
    {
        "says that somebody is injured or dead": "somebody is hurt",
        "says that somebody is hurt or dead": "somebody is hurt",
        "says that something happened to a person": "somebody is hurt",
        "says that a part of somebody's body is hurt or caught": "somebody is hurt",
        "says that a person fell": "somebody fell",
        "says that a person fell or is in the water": "somebody fell or is in the water",
        "says that somebody cannot breathe": "somebody cannot breathe",
        "says that somebody cannot breathe or gets no air": "somebody cannot breathe",
        "calls for an ambulance, a doctor or the fire brigade": "calls for an ambulance or the fire brigade",
        "says that somebody feels ill": "somebody feels ill",
        "says that something burns": "fire",
        "reports fire": "fire",
        "shows fire, smoke or sparks at a machine in pictures": "fire, smoke or sparks in a picture",
        "reports smoke": "smoke",
        "reports a smell of burning or gas": "smell of burning or gas",
        "reports gas or fumes": "gas or fumes",
        "reports an explosion, or that something is about to burst": "explosion or danger of bursting",
        "reports an electric shock": "electric shock",
        "reports an electric shock or live parts": "electric shock or live parts",
        "reports live parts": "live parts",
        "reports sparks or arcing": "sparks",
        "reports a jet of fluid under pressure": "fluid escapes under pressure",
        "reports that something tipped over, sinks or fell down": "something tipped over, sinks or fell down",
        "says that lives are in danger": "lives are in danger",
        "says that people are in danger": "people are in danger",
        "says that a fire or gas alarm goes off": "a fire or gas alarm goes off",
        "says that it is not safe": "it is not safe",
        "says that it is dangerous": "it is dangerous",
        "asks to talk to a person": "asks for a person",
        "asks to be connected to a person": "asks for a person",
        "asks for a person": "asks for a person",
        "asks for a person and nothing else": "asks for a person",
        "asks for a person to come": "asks for a person to come",
        "asks whether a person is there to talk to": "asks for a person",
        "wants to reach a person": "asks for a person",
        "asks to be called": "asks to be called",
        "refuses to go on with a machine": "refuses to go on with a machine",
    }
)
STATUSES: Final = _words(open="open", in_progress="in progress", resolved="resolved", closed="closed")
SESSION_STATUSES: Final = _words(active="active", completed="completed", escalated="escalated", abandoned="abandoned")
MACHINE_STATUSES: Final = _words(
    active="active", inactive="inactive", maintenance="under maintenance", decommissioned="decommissioned"
)
MAINTENANCE_KINDS: Final = _words(
    scheduled="scheduled",
    unscheduled="unscheduled",
    repair="repair",
    inspection="inspection",
    cleaning="cleaning",
    calibration="calibration",
    other="other",
)
ROLES: Final = _words(user="user", admin="administrator", super_admin="super administrator")
UNKNOWN: Final = _words(
    user="who the user is",
    user_name="the user's name",
    user_email="the user's mail address",
    organisation="the organisation",
    machine="which machine it is",
    machine_hours="the machine's hours",
    language="the language",
    conversation="what was said",
    diagnosis="what is wrong",
    steps="what was tried",
)
GROUNDS: Final = _words(
    requires_expert="the assistant says that an expert is needed",
    very_low="its confidence is very low",
    safety_warnings="there are many safety warnings",
    category="its kind of problem is one for experts",
)
NEWS: Final = _words(
    reason="Further reason",
    safety="New sign of danger",
    unhurt=HURT["denied"],
    notes="New notes",
    ended="The session ended as solved",
)
WHY: Final = _words(
    emergency="takes every safety concern",
    language="speaks %(subject)s",
    other_language="does not speak %(subject)s",
    field="specialist: %(subject)s",
    general="takes every kind of problem",
    always="on duty around the clock",
    on_duty="on duty when the ticket was opened, until %(moment)s",
    off_duty="off duty until %(moment)s",
    region="responsible for %(subject)s",
    other_region="not responsible for %(subject)s",
)
# What a push message says, without a name or anything of the conversation.
PUSHES: Final = _words(
    push_opened="A new ticket. Nobody has taken it yet.",
    push_danger="There is a new sign of danger.",
    push_unacknowledged="Now it is your turn.",
    push_handed_over="You are asked to take it.",
    push_acknowledged="Somebody has taken it. You need not do anything.",
)
_TEST_MAIL: Final = _words(
    subject="Test of the escalation worker", text="This mail shows that mail works. There is nothing to do."
)
_TEST_PUSH: Final = _words(
    subject="Test of the escalation worker", text="This message shows that push messages work. There is nothing to do."
)
ALL: Final = (
    REASONS, SHORT_REASONS, PRIORITIES, ACTION_WORDS, HOW_SOON, HURT, CATEGORIES, LEVELS, SENDERS, MESSAGE_TYPES,
    RESULTS, STATUSES, SESSION_STATUSES, MACHINE_STATUSES, MAINTENANCE_KINDS, ROLES, UNKNOWN, GROUNDS, NEWS, WHY,
    _TEST_MAIL, _TEST_PUSH, PUSHES, MEANINGS, STEP_FIGURES,
)  # fmt: skip


def find_words(code: str | None, known: Words) -> str:
    """The English words for a code; what a language model or another writer made up is shown as it is."""
    return known.get(code or "", (code or "").replace("_", " "))


def make_test_mail_content(language: str) -> dict[str, str]:
    """Return the subject and text of the test mail in one of the languages."""
    return {name: translations(language).gettext(text) for name, text in _TEST_MAIL.items()}


def make_test_push_content(language: str) -> dict[str, str]:
    """Return the title and text of the test push message in one of the languages."""
    return {name: translations(language).gettext(text) for name, text in _TEST_PUSH.items()}
