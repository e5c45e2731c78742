"""Mail that cannot leave for long raises one alert, which goes when the mail has left."""

from tasks import mail
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office


def test_late_mail_raises_one_alert_until_it_has_left(office: Office, setting: Setting) -> None:
    office.queue("hello")
    office.server.on("rcpt", "450 4.2.0 later", "450 4.2.0 later")
    office.send()
    mail.reap_leases()
    assert office.alerts() == []

    office.connection.exec_driver_sql(
        "UPDATE escalation.delivery_attempts SET started_at = started_at - interval '16 minutes'"
    )
    for _ in range(3):
        mail.reap_leases()
    assert office.alerts(open_only=False) == ["mail_late"]

    for _ in range(2):
        office.all_due()
        office.send()
    mail.reap_leases()
    assert office.states() == {"accepted": 1}
    assert office.alerts() == []


def test_late_mail_raises_its_alert_while_an_account_on_trial_has_none(office: Office) -> None:
    office.queue("hello")
    office.server.on("rcpt", "450 4.2.0 later")
    office.send()
    office.connection.exec_driver_sql("UPDATE escalation.mail_accounts SET state = 'trial'")
    office.connection.exec_driver_sql(
        "UPDATE escalation.delivery_attempts SET started_at = started_at - interval '16 minutes'"
    )
    mail.reap_leases()
    assert office.alerts() == ["mail_late"]


def test_mail_that_our_own_limits_hold_back_raises_an_alert_too(office: Office, setting: Setting) -> None:
    setting(mail_per_day=1)
    office.queue("one")
    office.queue("two")
    office.send()
    office.minutes_pass(14)
    mail.reap_leases()
    assert office.alerts() == []
    office.minutes_pass(2)
    mail.reap_leases()
    assert office.alerts() == ["mail_waiting"]
    setting(mail_per_day=100)
    office.send()
    mail.reap_leases()
    assert office.alerts() == []


def test_what_an_open_circuit_held_back_is_not_late_when_it_closes(office: Office) -> None:
    office.queue("tried")
    office.queue("waiting")
    office.server.on("auth", "535 5.7.3 Authentication unsuccessful")
    office.send()
    office.minutes_pass(60)
    office.connection.exec_driver_sql(
        "UPDATE escalation.delivery_attempts SET started_at = started_at - interval '1 hour'"
    )
    office.probe_is_due()
    assert mail.probe_account() == "state=closed"
    mail.reap_leases()
    assert office.alerts(open_only=False) == ["mail_account"]
    office.connection.exec_driver_sql(
        "UPDATE escalation.mail_accounts SET closed_at = closed_at - interval '16 minutes'"
    )
    mail.reap_leases()
    assert office.alerts() == ["mail_late", "mail_waiting"]


def test_held_mail_is_a_person_s_matter_and_leaves_when_told(office: Office, setting: Setting) -> None:
    setting(mail_retry_seconds="1", mail_give_up_seconds="2")
    mail_id = office.queue("hello")
    office.server.on("rcpt", *["450 4.2.0 later"] * 3)
    for _ in range(3):
        office.send()
        office.all_due()
    mail.reap_leases()
    assert office.states() == {"held": 1}
    assert office.alerts() == ["mail_held"]
    assert office.send() == {}

    office.retry(mail_id)

    assert office.send() == {"accepted": 1}
    mail.reap_leases()
    assert office.alerts() == []
