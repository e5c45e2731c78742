"""The page speaks the support team's language: every sentence of it has its translation."""

import ast
import re
from html import unescape
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from config.settings import get_settings
from services.installation import Installation, get_installation
from services.mail.i18n.locale import translations
from services.tickets.validation import UnfitText, checked_note
from tests.worker.desk.conftest import Send
from worker.desk.actions import ANSWERS, DELETED, NOT_READ, ONLY_WATCHES, act
from worker.desk.answers import AWAY, OTHER_TITLE, TITLES
from worker.desk.app import EXPIRED, KEPT_FORM, OLD_FORM, UNKNOWN
from worker.desk.digests import ALL_DELETED, NOTHING_TICKED
from worker.desk.list_page import FOR_TEAM
from worker.desk.login import LOGIN_FAILED
from worker.desk.words import REOPEN_FIRST, say_refusal, words_in

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "templates"
LANGUAGES = ("el", "ar", "es", "tr", "no")
PLACE = re.compile(r"%\((\w+)\)s")


# Where the page's actions are refused; the priority is set on the command line alone.
REFUSING = (
    "services/tickets/actions.py",
    "services/tickets/trigger_feedback.py",
    "services/tickets/validation.py",
    "worker/desk/actions.py",
)


def catalogue(language: str) -> dict[str, str]:
    with (TEMPLATES / "locale" / language / "LC_MESSAGES" / "desk.po").open("rb") as source:
        messages = [one for one in read_po(source, locale=language) if one.id]
    return {one.id if isinstance(one.id, str) else one.id[0]: str(one.string) for one in messages}


def sentences() -> set[str]:
    """Whatever the templates, the actions and the answers of the page say."""
    found = {*ANSWERS.values(), *TITLES.values(), OTHER_TITLE, AWAY, EXPIRED, FOR_TEAM}
    found |= {KEPT_FORM, LOGIN_FAILED, NOTHING_TICKED, OLD_FORM, UNKNOWN}
    found |= {ALL_DELETED, DELETED, NOT_READ, ONLY_WATCHES, REOPEN_FIRST, *refusals()}
    for path in (TEMPLATES / "desk").glob("*.html"):
        for _, message, _, _ in extract_from_file("jinja2.ext:babel_extract", str(path), options={"silent": "false"}):
            found.add(message[0] if isinstance(message, tuple) else str(message))
    return found | set(details())


def details() -> list[str]:
    """The texts of HTTP errors."""
    tree = ast.parse((ROOT / "worker" / "desk" / "guards.py").read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "HTTPException"
    ]
    return [call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant)]  # type: ignore[misc]


def refusals() -> list[str]:
    """The sentences of what is refused to those who use the page."""
    found = []
    for file in REFUSING:
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"TicketRefused", "UnfitText"}:
                assert node.args, f"{file}:{node.lineno}"
                assert isinstance(node.args[0], ast.Constant | ast.Name), f"{file}:{node.lineno} cannot be translated"
                found += [str(node.args[0].value)] if isinstance(node.args[0], ast.Constant) else []
    return [sentence for sentence in found if "is no priority" not in sentence]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    translated = catalogue(language)
    shared = translations(language)
    assert {one for one in sentences() if not translated.get(one) and shared.gettext(one) == one} == set()
    assert len(details()) >= 3
    assert len(refusals()) >= 11


def forms(texts: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts or ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_places_for_names_and_times(language: str) -> None:
    """In every plural form; Arabic says one and two without a number."""
    with (TEMPLATES / "locale" / language / "LC_MESSAGES" / "desk.po").open("rb") as source:
        catalog = read_po(source, locale=language)
    for message in catalog:
        if message.id:
            wanted = set(PLACE.findall(forms(message.id)[0]))
            translated = [set(PLACE.findall(form)) for form in forms(message.string)]
            assert all(wanted - {"num"} <= found <= wanted for found in translated), message.id
            assert len(translated) == (1 if isinstance(message.id, str) else catalog.num_plurals)


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("el", 1, "1 χαρακτήρα παραπάνω"),
        ("el", 2, "2 χαρακτήρες παραπάνω"),
        ("ar", 1, "بحرف واحد"),
        ("ar", 2, "بحرفين"),
        ("ar", 5, "5 أحرف"),
        ("ar", 12, "12 حرفًا"),
        ("ar", 100, "100 حرف؛"),
        ("es", 1, "sobra 1 carácter;"),
        ("es", 3, "sobran 3 caracteres;"),
        ("tr", 3, "3 karakter fazla"),
        ("no", 1, "1 tegn for lang"),
        ("en", 1, "1 character too long"),
        ("en", 4, "4 characters too long"),
    ],
)
def test_a_count_takes_its_plural(language: str, count: int, said: str) -> None:
    with pytest.raises(UnfitText) as refused:
        checked_note("x" * (4_000 + count))
    assert said in say_refusal(refused.value, language)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, public: Installation, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SUPPORT_LANGUAGE", request.param)
    monkeypatch.setenv("DESK_ACTIONS_PER_MINUTE", "50")
    get_settings.cache_clear()
    get_installation.cache_clear()
    return str(request.param)


def test_a_refusal_speaks_the_team_s_language(language: str, send: Send, ticket: dict[str, str]) -> None:
    say = words_in(language).gettext

    def refused(**fields: str) -> str:
        page = send(**{"name": "Maria", **fields})
        assert page.status_code == 409
        return unescape(page.text.partition('role="alert">')[2].partition("</p>")[0])

    name = say("A name should be one line of 1 to %(most)s printable characters.") % {"most": 120}
    assert refused(action="acknowledge", name=" ") == name
    assert refused(action="note", note=" ") == say("Write something first.")
    assert refused(action="feedback") == say("Give feedback on one reason at least.")
    assert refused(action="reassign", contact="gone").startswith(
        say("Choose a contact of the list: this one is not on it any more.")
    )
    assert refused(action="delete") == say("The form cannot be read.")
    hour = words_in(language).ngettext(
        "%(number)s can be snoozed for at most %(num)s hour.", "%(number)s can be snoozed for at most %(num)s hours.", 1
    )
    assert refused(action="snooze", minutes="90") == hour % {"number": ticket["number"], "num": 1}
    send(action="resolve", name="Maria", note="Replaced the fuse.")
    assert refused(action="acknowledge") == say("This ticket is finished: reopen it first.")
    again = say("%(number)s is resolved already with another text: add a note, or reopen it first.")
    assert refused(action="resolve", note="Something else.") == again % {"number": ticket["number"]}
    assert refused(action="acknowledge") != "This ticket is finished: reopen it first."


def test_in_shadow_mode_it_is_said_in_the_team_s_language(language: str) -> None:
    settings = get_installation().settings.model_copy(update={"mode": "shadow"})
    assert act("x", {"action": "acknowledge"}, settings) == words_in(language).gettext(ONLY_WATCHES) != ONLY_WATCHES
