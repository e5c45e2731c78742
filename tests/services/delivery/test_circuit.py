"""Wrong settings hold the queue and burn nothing; a login that works lets it go, gravest first."""

import pytest

from config.errors import ConfigurationError
from config.settings import get_settings
from services.database.engine import begin
from services.delivery.circuit_breaker import take_probe
from services.transports.factory import account_of
from tasks import mail  # not its tasks: pytest would look into them before there are settings
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office

TENANT = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
NO_SEND_AS = "554 5.2.252 SendAsDenied; sender@example.com not allowed to send as other@example.com"
ACCOUNT_ALERT = "mail_account"


def test_wrong_settings_hold_the_queue_with_one_login_and_one_alert(office: Office) -> None:
    for number in range(20):
        office.queue(f"mail {number}")
    office.server.on_every("auth", TENANT)

    for _ in range(5):
        office.send()
        office.send(urgent_only=True)

    assert office.server.count("auth") == 1
    assert office.states() == {"queued": 20}
    assert {row["attempts"] for row in office.rows("SELECT attempts FROM escalation.mail_recipients")} == {0}
    assert office.alerts(open_only=False) == [ACCOUNT_ALERT]
    account = office.account()
    assert (account["state"], account["phase"]) == ("open", "auth")
    assert "Set-CASMailbox" in account["hint"]
    assert "disabled for the Tenant" in account["reply"]


def test_a_refusal_with_bytes_that_no_database_holds_opens_the_circuit_too(office: Office) -> None:
    office.queue("hello")
    office.server.on_every("auth", "535 5.7.8 no \0 \x9b")
    office.send()
    assert (office.account()["state"], office.states()) == ("open", {"queued": 1})


def test_a_probe_is_one_login_without_mail_and_only_when_it_is_due(office: Office) -> None:
    office.queue("hello")
    office.server.on_every("auth", TENANT)
    office.send()

    assert mail.probe_account() == "idle"
    office.probe_is_due()
    assert mail.probe_account() == "state=open"
    assert mail.probe_account() == "idle"

    assert (office.server.count("auth"), office.server.count("mail")) == (2, 0)
    assert office.account()["probes"] == 1
    assert office.alerts(open_only=False) == [ACCOUNT_ALERT]


def test_a_probe_that_succeeds_lets_the_queue_go_and_clears_the_alert(office: Office, setting: Setting) -> None:
    setting(mail_connections=1)  # so that the order is that of the ranks
    for number, rank in enumerate([3, 0, 2, 0]):
        office.queue(f"{rank} {number}", rank=rank)
    office.server.on_every("auth", TENANT)
    office.send()
    office.server.as_usual()
    office.probe_is_due()

    assert mail.probe_account() == "state=closed"

    assert office.alerts() == []
    office.send()
    office.send()
    assert office.subjects() == ["0 1", "0 3", "2 2", "3 0"]


def test_the_probe_s_time_is_fifteen_minutes_then_an_hour(office: Office) -> None:
    office.queue("hello")
    office.server.on_every("auth", TENANT)
    office.send()

    def minutes() -> float:
        [row] = office.rows("SELECT extract(epoch FROM next_probe_at - clock_timestamp()) / 60 AS m "
                            "FROM escalation.mail_accounts")  # fmt: skip
        return float(row["m"])

    assert minutes() == pytest.approx(15, abs=0.5)
    office.probe_is_due()
    mail.probe_account()
    assert minutes() == pytest.approx(60, abs=0.5)


def test_two_workers_make_one_probe(office: Office) -> None:
    office.queue("hello")
    office.server.on_every("auth", TENANT)
    office.send()
    office.probe_is_due()
    account, times = account_of(get_settings()).key, get_settings().mail_times
    with begin() as one:
        assert take_probe(one, account, times) == "auth"
    with begin() as other:
        assert take_probe(other, account, times) is None
        assert take_probe(other, account, times, now=True) == "auth"


def test_after_a_refusal_behind_the_login_one_mail_tries_before_the_others(office: Office, setting: Setting) -> None:
    setting(mail_connections=2)  # one of them for safety mail alone
    first = office.queue("grave", rank=0)
    for number in range(5):
        office.queue(f"mail {number}")
    office.server.on_every("dot", NO_SEND_AS)
    office.send()
    office.probe_is_due()

    assert mail.probe_account() == "state=trial"
    office.send()

    assert office.server.count("dot") == 2
    assert office.account()["state"] == "open"
    assert office.alerts(open_only=False) == [ACCOUNT_ALERT]
    # The mail that met it first is not the one that tries again: it may be alone to blame.
    assert office.recipient(first)["delay"] > 3_600

    office.server.as_usual()
    office.probe_is_due()
    assert mail.probe_account() == "state=trial"
    office.all_due()
    assert office.send()["accepted"] == 6
    assert office.account()["state"] == "closed"
    assert office.alerts() == []


def test_after_the_circuit_closed_safety_mail_goes_alone(office: Office) -> None:
    office.queue("normal")
    office.queue("safety", rank=0)
    office.server.on("auth", TENANT)
    office.send()
    office.probe_is_due()
    mail.probe_account()
    # Another worker has the safety mail in its hands.
    office.connection.exec_driver_sql("UPDATE escalation.mail_recipients SET state = 'sending' WHERE rank = 0")

    assert office.send() == {}

    office.connection.exec_driver_sql("UPDATE escalation.mail_recipients SET state = 'accepted' WHERE rank = 0")
    assert office.send() == {"accepted": 1}
    assert office.subjects() == ["normal"]


def test_a_throttle_rests_the_account_and_uses_no_attempt(office: Office) -> None:
    mail_id = office.queue("hello")
    office.queue("other")
    office.server.on("mail", "421 4.4.2 Message submission rate for this client has exceeded the configured limit")

    assert office.send() == {"queued": 1}
    assert office.send() == {}

    recipient = office.recipient(mail_id)
    assert (recipient["state"], recipient["attempts"], recipient["reply_class"]) == ("queued", 0, "throttled")
    [row] = office.rows("SELECT extract(epoch FROM paused_until - clock_timestamp())::float AS s "
                        "FROM escalation.mail_accounts")  # fmt: skip
    assert row["s"] == pytest.approx(75, abs=5)
    assert office.server.count("mail") == 1
    office.connection.exec_driver_sql("UPDATE escalation.mail_accounts SET paused_until = clock_timestamp()")
    assert office.send() == {"accepted": 2}


def test_a_quota_that_stays_used_up_is_a_person_s_matter_after_a_day(office: Office, setting: Setting) -> None:
    mail_id = office.queue("hello")
    office.server.on("dot", "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException")
    office.send()
    office.connection.exec_driver_sql(
        "UPDATE escalation.mail_recipients SET queued_at = queued_at - interval '25 hours'"
    )

    mail.reap_leases()

    assert office.recipient(mail_id)["state"] == "held"
    assert "mail_held" in office.alerts()


def test_a_server_that_is_down_costs_one_attempt_and_all_leave_when_it_is_back(office: Office) -> None:
    mails = [office.queue(f"mail {number}", rank=0 if number == 7 else 3) for number in range(8)]
    office.server.on_every("connect", "421 4.3.2 not now")

    assert office.send() == {"deferred": 1}

    assert office.recipient(mails[7])["state"] == "deferred"
    assert office.account()["unreachable_since"] is not None
    assert office.states() == {"queued": 7, "deferred": 1}
    office.server.as_usual()
    office.send()
    office.send()
    assert office.states() == {"accepted": 8}
    assert office.account()["unreachable_since"] is None
    assert office.recipient(mails[7])["attempts"] == 2


def test_settings_that_are_mended_for_another_account_need_no_probe(office: Office, setting: Setting) -> None:
    office.queue("hello")
    office.server.on("auth", "535 5.7.3 Authentication unsuccessful")
    office.send()
    office.server.users["other"] = "sesame"
    setting(smtp_username="other")

    assert office.send() == {"accepted": 1}
    mail.reap_leases()

    assert office.alerts() == []


def test_settings_that_cannot_be_tried_raise_an_alert_and_hold_the_queue(office: Office, setting: Setting) -> None:
    office.queue("hello")
    setting(smtp_ca_file="/nowhere/ca.pem")
    with pytest.raises(ConfigurationError, match="SMTP_CA_FILE"):
        mail.deliver_due()
    mail.reap_leases()
    assert office.alerts() == ["mail_settings"]
    assert office.states() == {"queued": 1}

    setting(smtp_ca_file="")
    mail.reap_leases()
    assert office.alerts() == []
    assert mail.deliver_due() == "sent=1"


def test_the_tasks_say_what_they_did(office: Office) -> None:
    assert mail.deliver_due() == "idle"
    office.queue("safety", rank=0)
    office.queue("normal")
    assert mail.deliver_urgent() == "sent=1"
    office.server.on("rcpt", "450 4.2.0 later")
    assert mail.deliver_due() == "deferred=1"
    assert mail.reap_leases() == "idle"
