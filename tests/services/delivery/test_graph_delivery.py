"""Microsoft Graph as the outbox's way: what its answers do to mail and account."""

import pytest

from tasks import mail
from tests.https_server import SEND, TOKEN, HttpsServer, Response
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office

EXPIRED_SECRET = {"error": "invalid_client", "error_description": "AADSTS7000222: The secret keys are expired."}


def seconds_of_rest(office: Office) -> float:
    [row] = office.rows("SELECT extract(epoch FROM paused_until - clock_timestamp())::float AS s "
                        "FROM escalation.mail_accounts")  # fmt: skip
    return float(row["s"])


def test_a_mail_is_accepted_with_202(office: Office, cloud: HttpsServer) -> None:
    mail_id = office.queue("hello")
    assert mail.deliver_due() == "sent=1"
    assert (office.recipient(mail_id)["reply_phase"], len(cloud.asked(SEND))) == ("post", 1)
    assert b"Subject: hello" in cloud.asked(SEND)[0].message


@pytest.mark.parametrize(("asked", "rest"), [("120", 120), ("31536000", 3_600)])
def test_the_account_rests_as_long_as_it_is_told_and_an_hour_at_most(
    office: Office, cloud: HttpsServer, asked: str, rest: float
) -> None:
    mail_id = office.queue("hello")
    cloud.on(SEND, Response(429, headers={"Retry-After": asked}))
    assert mail.deliver_due() == "queued=1"
    assert mail.deliver_due() == "idle"
    assert office.recipient(mail_id)["attempts"] == 0
    assert seconds_of_rest(office) == pytest.approx(rest, abs=5)


@pytest.mark.usefixtures("impatient")
def test_silence_after_the_post_is_unknown_and_leads_to_one_repeat(office: Office, cloud: HttpsServer) -> None:
    mail_id = office.queue("hello")
    cloud.on(SEND, Response(hang=True), Response(202))
    assert mail.deliver_due() == "unknown=1"
    assert office.recipient(mail_id)["delay"] == pytest.approx(900, abs=5)
    office.all_due()
    assert mail.deliver_due() == "sent=1"
    first, second = (request.message for request in cloud.asked(SEND))
    assert first == second


def test_an_expired_secret_holds_the_queue_until_a_new_one_is_set(
    office: Office, cloud: HttpsServer, setting: Setting
) -> None:
    office.queue("hello")
    cloud.on(TOKEN, Response(401, EXPIRED_SECRET), Response(401, EXPIRED_SECRET))
    assert mail.deliver_due() == "queued=1"
    assert mail.deliver_due() == "idle"
    assert (office.account()["state"], office.account()["phase"]) == ("open", "token")
    assert "has expired" in office.account()["hint"]
    assert (len(cloud.asked(TOKEN)), len(cloud.asked(SEND))) == (1, 0)

    office.probe_is_due()
    assert mail.probe_account() == "state=open"
    setting(oauth_client_secret="a-new-one")
    office.probe_is_due()
    assert mail.probe_account() == "state=closed"
    assert mail.deliver_due() == "sent=1"
    assert office.alerts() == []
