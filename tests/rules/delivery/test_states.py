"""The words of the outbox are those of its tables and templates."""

from pathlib import Path

from models.mail import MailRecipient
from rules.delivery import ANSWERABLE, CLAIMABLE, FINISHED, UNDELIVERED, MailTemplate, RecipientState
from services.database.encoding import sql_list

TEMPLATES = Path(__file__).parents[3] / "templates"


def test_each_template_is_a_folder() -> None:
    assert {path.parent.name for path in TEMPLATES.glob("*/subject.txt")} == set(MailTemplate)


def test_a_recipient_is_either_finished_or_open() -> None:
    assert set(CLAIMABLE) < set(UNDELIVERED)
    assert set(UNDELIVERED) | set(FINISHED) | set(ANSWERABLE) == set(RecipientState)


def test_the_index_for_what_is_due_covers_exactly_what_may_be_claimed() -> None:
    [due] = [index for index in MailRecipient.__table_args__ if index.name == "mail_recipients_due"]
    assert str(due.dialect_options["postgresql"]["where"]) == f"state IN {sql_list(*CLAIMABLE)}"
