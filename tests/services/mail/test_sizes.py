"""However much was said, the HTML stays small and nothing is lost."""

import pytest

from services.mail.mime import MailContent
from services.mail.render import letter_of
from tests.services.mail.letters import attempts, letter, read, settings_for, talk, with_conversation
from worker.preview.example import example_story
from worker.preview.mail_rows import mail_of

GMAIL_SAFE = 80_000
KILOBYTES_20 = 20_000
FILLINGS = {
    "words": "the pump makes a noise and ",
    "greek": "η αντλία κάνει θόρυβο και ",
    "markup": "<&\"'>" * 5,
    "emoji": "🔥" * 6 + " ",
    "unbroken": "x" * 25,
    "lines": "a\n",
}


def long_text(filling: str, place: int) -> str:
    start = f"[message {place}] "
    unit = FILLINGS[filling]
    return start + unit * (KILOBYTES_20 // len(unit.encode()))


def size(made: MailContent) -> int:
    return len((made.html or "").encode())


@pytest.mark.parametrize("filling", FILLINGS)
def test_200_messages_of_20_kilobytes_fit_and_are_attached_whole(filling: str) -> None:
    contents = [long_text(filling, place) for place in range(200)]
    made = letter(with_conversation(example_story("en"), messages=talk(contents)))
    assert size(made) < GMAIL_SAFE
    assert made.attachment is not None
    for place in (0, 100, 199):
        assert contents[place].strip("\n") in made.attachment.text
    shown = read(made.html).text
    assert "[message 0]" in shown
    assert "[message 199]" in shown
    assert "messages are left out here; the attached text has everything." in shown


def test_5_000_messages_of_20_kilobytes_fit_and_the_attachment_keeps_its_limit() -> None:
    contents = [long_text("words", place) for place in range(5_000)]
    made = letter(with_conversation(example_story("en"), messages=talk(contents)))
    assert size(made) < GMAIL_SAFE
    assert made.attachment is not None
    limit = settings_for().mail_attachment_bytes
    assert limit * 0.99 < len(made.attachment.text.encode()) < limit * 1.01
    assert "[message 0]" in made.attachment.text
    assert "[message 4999]" in made.attachment.text
    assert "[The middle of the session is left out here" in made.attachment.text


@pytest.mark.parametrize("filling", FILLINGS)
def test_whatever_else_is_long_fits_too(filling: str) -> None:
    details = example_story("en")
    texts = tuple(long_text(filling, place) for place in range(100))
    diagnosis = details.conversation.diagnoses[0]
    full = {"likely_causes": texts, "safety_warnings": texts, "recommended_steps": texts, "category": texts[0]}
    diagnoses = (type(diagnosis)(confidence_level="low", **full),)  # type: ignore[arg-type]
    made = letter(with_conversation(details, messages=talk(texts), steps=attempts(texts), diagnoses=diagnoses))
    assert size(made) < GMAIL_SAFE


def test_a_short_conversation_is_shown_whole_and_nothing_is_attached() -> None:
    made = letter(with_conversation(example_story("en"), messages=talk([f"Message {n}." for n in range(30)])))
    assert made.attachment is None
    for place in range(30):
        assert f"Message {place}." in made.text
        assert f"Message {place}." in read(made.html).text


def test_the_steps_keep_their_numbers_when_some_are_left_out() -> None:
    made = letter(with_conversation(example_story("en"), steps=attempts([f"Part {n}" for n in range(100)])))
    for told in (made.text, read(made.html).text):
        assert "70 steps are left out here." in told
        assert "15. Part 14" in told
        assert "86. Part 85" in told
    assert made.attachment is not None
    assert "50. Part 49" in made.attachment.text


def test_the_limit_is_a_setting() -> None:
    details = with_conversation(example_story("en"), messages=talk(["word " * 150] * 40))
    mail = mail_of("ticket_opened", details, "en")
    made = letter_of(mail, details, settings_for(mail_html_bytes=40_000))
    assert size(made) < 40_000 < size(letter_of(mail, details, settings_for()))
