"""Nobody is told "a human has been informed" before a mail server accepted the mail."""

import pytest

from demo.seed import seed
from escalation_client.events import encode
from services.database.engine import begin
from services.events.stream import StreamEntry
from services.installation import get_installation
from tasks.evaluation.batch import write
from tests.events import message, started
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import Reply, drop, take_and_drop


def told(office: Office) -> list[str]:
    rows = office.rows("SELECT payload ->> 'type' AS type FROM escalation.outcomes ORDER BY position")
    return [row["type"] for row in rows]


@pytest.mark.parametrize(
    ("step", "reply"),
    [("mail", "451 4.3.0 try again later"), ("rcpt", "452 4.2.2 mailbox full"), ("data", drop), ("dot", take_and_drop)],
)
def test_the_assistant_hears_that_somebody_has_it_once_and_only_when_a_server_accepted_it(
    office: Office, step: str, reply: Reply
) -> None:
    event = encode(message("s", "I want to talk to a human"))
    write([StreamEntry("1764000000000-0", event.encode(), {})], get_installation())
    office.server.on_every(step, reply)

    assert not office.send()["accepted"]
    assert told(office) == ["ticket.opened"]

    office.server.as_usual()
    office.all_due()
    assert office.send()["accepted"]
    assert told(office) == ["ticket.opened", "mail.accepted"]
    assert office.send() == {}


def test_a_user_gets_a_notice_as_soon_as_a_server_accepted_the_support_mail(office: Office, setting: Setting) -> None:
    setting(customer_notice=True)
    with begin() as connection:
        seed(connection)
    [user] = office.rows("SELECT id::text AS id FROM public.users WHERE email IS NOT NULL LIMIT 1")
    events = [encode(started("s", user=user["id"])), encode(message("s", "I want to talk to a human"))]
    write(
        [StreamEntry(f"1764000000000-{place}", one.encode(), {}) for place, one in enumerate(events)],
        get_installation(),
    )
    notices = "SELECT template FROM escalation.mails WHERE template = 'customer_notice'"

    office.server.on_every("rcpt", "452 4.2.2 mailbox full")
    office.send()
    assert office.rows(notices) == []

    office.server.as_usual()
    office.all_due()
    office.send()
    assert len(office.rows(notices)) == 1
