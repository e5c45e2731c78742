"""Mail that cannot leave, or that nobody can get, goes to the next contact; a person and the assistant hear of it."""

import pytest

from services.database.engine import begin
from services.delivery.alerts import tell_held
from tasks import mail
from tests.services.delivery.office import Office

REFUSED = "550 5.1.1 no such user"
SUPPORT, EMERGENCY = "support@example.com", "emergency@example.com"


def ticket_mail(office: Office, name: str = "one", rank: int = 0, *recipients: str) -> str:
    """A mail of a ticket; it is not rendered here."""
    return str(office.queue(name, *recipients, rank=rank, ticket_id=f"ticket-{name}", session_id=f"session-{name}"))


def addresses(office: Office, mail_id: str) -> list[str]:
    return [
        row["address"]
        for row in office.rows(
            "SELECT address FROM escalation.mail_recipients WHERE mail_id = :mail_id ORDER BY queued_at",
            mail_id=mail_id,
        )
    ]


def set_state(office: Office, state: str, reply_class: str | None = None) -> None:
    value = f"'{reply_class}'" if reply_class else "NULL"
    office.connection.exec_driver_sql(f"UPDATE escalation.mail_recipients SET state = '{state}', reply_class = {value}")


def swept_at_the_age(office: Office, mail_id: str, seconds: float) -> bool:
    """Sweep while the mail is so old by PostgreSQL's clock; whether the sweep was over within a second of it."""
    office.connection.exec_driver_sql(
        f"UPDATE escalation.mail_recipients SET queued_at = clock_timestamp() - interval '{seconds} seconds', "
        f"next_attempt_at = clock_timestamp() - interval '{seconds} seconds' WHERE mail_id = '{mail_id}'"
    )
    mail.reap_leases()
    [row] = office.rows(
        """SELECT clock_timestamp() - queued_at < make_interval(secs => :limit) AS in_time
           FROM escalation.mail_recipients WHERE mail_id = :mail_id AND address = :support""",
        limit=seconds + 1,
        mail_id=mail_id,
        support=SUPPORT,
    )
    return bool(row["in_time"])


@pytest.mark.parametrize("rank", [0, 1])
def test_urgent_mail_that_cannot_leave_for_five_minutes_goes_to_the_next_contact(office: Office, rank: int) -> None:
    # A machine that is too busy to sweep within the second before the limit has shown nothing: the next mail may.
    mails = (ticket_mail(office, f"one-{number}", rank) for number in range(60))
    mail_id = next(mail_id for mail_id in mails if swept_at_the_age(office, mail_id, 299))
    assert addresses(office, mail_id) == [SUPPORT]

    swept_at_the_age(office, mail_id, 300)
    mail.reap_leases()

    assert addresses(office, mail_id) == [SUPPORT, EMERGENCY]
    assert office.alerts() == ["urgent_mail_stuck"]


def test_urgent_mail_behind_an_open_circuit_goes_to_the_next_contact_and_the_account_s_alert_speaks(
    office: Office,
) -> None:
    office.server.on_every("auth", "535 5.7.3 Authentication unsuccessful")
    office.queue("met it first")
    office.send()
    mail_id = ticket_mail(office)
    office.minutes_pass(5.1)

    mail.reap_leases()

    assert addresses(office, mail_id) == [SUPPORT, EMERGENCY]
    assert office.alerts(open_only=False) == ["mail_account"]


def test_other_mail_may_wait(office: Office) -> None:
    mail_id = ticket_mail(office, "one", 2)
    office.minutes_pass(60)
    mail.reap_leases()
    assert addresses(office, mail_id) == [SUPPORT]


def test_urgent_mail_that_somebody_has_is_not_stuck(office: Office) -> None:
    mail_id = ticket_mail(office, "one", 0, SUPPORT, "other@example.com")
    office.connection.exec_driver_sql(
        f"UPDATE escalation.mail_recipients SET state = 'accepted' WHERE address = '{SUPPORT}'"
    )
    office.minutes_pass(10)
    mail.reap_leases()
    assert len(addresses(office, mail_id)) == 2


def test_urgent_mail_that_waits_for_its_time_is_not_stuck(office: Office) -> None:
    mail_id = ticket_mail(office, "one", 1)
    office.connection.exec_driver_sql(
        "UPDATE escalation.mail_recipients SET queued_at = queued_at - interval '9 minutes', "
        "next_attempt_at = clock_timestamp() + interval '1 minute'"
    )
    mail.reap_leases()
    assert addresses(office, mail_id) == [SUPPORT]


@pytest.mark.parametrize("state", ["deferred", "held", "unknown", "refused"])
def test_whatever_keeps_urgent_mail_the_next_contact_gets_it(office: Office, state: str) -> None:
    mail_id = ticket_mail(office)
    set_state(office, state, "transient")
    office.minutes_pass(6)
    mail.reap_leases()
    assert addresses(office, mail_id) == [SUPPORT, EMERGENCY]


def test_the_ladder_ends(office: Office) -> None:
    mail_id = ticket_mail(office)
    for _ in range(5):
        office.minutes_pass(6)
        mail.reap_leases()
    assert addresses(office, mail_id) == [SUPPORT, EMERGENCY]


@pytest.mark.parametrize("rank", [0, 2])
def test_for_a_refused_recipient_the_next_contact_is_used_at_once(office: Office, rank: int) -> None:
    mail_id = ticket_mail(office, "one", rank)
    set_state(office, "refused", "permanent")
    mail.reap_leases()
    mail.reap_leases()
    assert addresses(office, mail_id) == [SUPPORT, EMERGENCY]
    assert "mail_refused" in office.alerts()


def test_urgent_mail_whose_fate_stays_unknown_goes_to_the_next_contact_at_once(office: Office) -> None:
    mail_id = ticket_mail(office)
    set_state(office, "held", "unknown")
    mail.reap_leases()
    assert addresses(office, mail_id) == [SUPPORT, EMERGENCY]


def test_the_user_s_own_mail_goes_to_nobody_else(office: Office) -> None:
    mail_id = ticket_mail(office)
    office.connection.exec_driver_sql("UPDATE escalation.mails SET template = 'customer_notice'")
    set_state(office, "refused", "permanent")
    mail.reap_leases()
    assert addresses(office, mail_id) == [SUPPORT]


def test_the_assistant_hears_once_that_nobody_was_reached_and_once_that_somebody_was(office: Office) -> None:
    mail_id = ticket_mail(office, "one", 0)
    office.connection.exec_driver_sql("UPDATE escalation.mails SET template = 'ticket_opened'")
    office.connection.exec_driver_sql(
        "INSERT INTO escalation.tickets (ticket_id, session_id, ordinal, ticket_number, priority, reasons) "
        "VALUES ('ticket-one', 'session-one', 1, 'AB-20261124-0001', 'urgent', '{\"safety_concern\": {}}')"
    )
    office.server.on_every("auth", "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant.")
    # Its ticket is not one of ABParts, so the template for tests stands in for the letter.
    office.connection.exec_driver_sql("UPDATE escalation.mails SET ticket_id = NULL, template = 'test'")
    office.send()
    office.connection.exec_driver_sql(
        "UPDATE escalation.mails SET ticket_id = 'ticket-one', template = 'ticket_opened'"
    )

    for _ in range(3):
        mail.reap_leases()

    [outcome] = office.rows("SELECT payload FROM escalation.outcomes ORDER BY position")
    assert outcome["payload"]["type"] == "mail.held"
    assert outcome["payload"]["ticket_number"] == "AB-20261124-0001"
    assert outcome["payload"]["reasons"] == ["safety_concern"]
    assert office.rows("SELECT held_at FROM escalation.mails WHERE mail_id = :mail_id", mail_id=mail_id)[0]["held_at"]


def test_many_mails_are_told_of_round_by_round(office: Office) -> None:
    for number in range(7):
        ticket_mail(office, f"mail-{number}", 3)
    for left in (4, 1, 0):
        with begin() as connection:
            tell_held(connection, account_works=False, limit=3)
        assert len(office.rows("SELECT FROM escalation.mails WHERE held_at IS NULL")) == left
