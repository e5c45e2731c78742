"""The account's SMTP AUTH is off while 200 tickets are opened, 5 of them for danger: nothing is lost or burnt.

The durations are settings, here a thousandth of an hour.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.database.engine import begin
from tests import events
from tests.processes import Process, Processes, processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.services.escalated import escalate

pytestmark = pytest.mark.long

TENANT = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
PER_MINUTE = 60
# Mail about danger goes to the emergency line as well.
RECIPIENTS = 205
# What a worker logs at the end of a probe.
PROBED = "mail_account_probed"


@pytest.fixture
def family(office: Office, setting: Setting, tmp_path: Path) -> Iterator[Processes]:
    setting(mail_first_probe_seconds=1, mail_next_probe_seconds=2, mail_stuck_seconds=3600, mail_per_minute=PER_MINUTE)
    with processes({}, tmp_path) as family:
        yield family


def tickets(office: Office) -> set[str]:
    """200 sessions that ask for a person; in every 40th there is smoke."""
    asked = [
        events.message(f"s{number}", "There is smoke from the cabinet!", safety=True)
        if number % 40 == 0
        else events.requested(f"s{number}")
        for number in range(200)
    ]
    with begin() as connection:
        escalate(connection, asked)
    rows = office.rows("SELECT message_id, rank FROM escalation.mails")
    assert Counter(row["rank"] == 0 for row in rows) == {False: 195, True: 5}
    return {row["message_id"] for row in rows if row["rank"] == 0}


def settled_probes(office: Office, worker: Process) -> int:
    """How many probes were taken, once each has come to its end; no other begins until one is due again."""
    [account] = office.rows("UPDATE escalation.mail_accounts SET next_probe_at = 'infinity' RETURNING probes")
    wait_for(lambda: worker.output.count(PROBED) == account["probes"], "the end of the last probe")
    return int(account["probes"])


def test_an_hour_without_login_loses_nothing(office: Office, family: Processes) -> None:
    office.server.on_every("auth", TENANT)
    danger = tickets(office)
    worker = family.worker("urgent,mail,sweeps", concurrency=3)
    family.beat()

    wait_for(lambda: office.rows("SELECT FROM escalation.mail_accounts WHERE probes >= 2"), "two probes")

    probes = settled_probes(office, worker)
    # One login found it out, whatever the number of senders; then there was one for each probe.
    assert office.server.count("auth") == 1 + probes
    assert (office.server.count("mail"), office.states()) == (0, {"queued": RECIPIENTS})
    assert {row["attempts"] for row in office.rows("SELECT attempts FROM escalation.mail_recipients")} == {0}
    assert office.alerts(open_only=False) == ["mail_account"]
    held = office.rows(
        "SELECT payload ->> 'type' AS type FROM escalation.outcomes WHERE payload ->> 'type' LIKE 'mail%'"
    )
    assert Counter(row["type"] for row in held) == {"mail.held": 200}

    office.server.as_usual()
    office.probe_is_due()

    wait_for(lambda: len(office.server.messages) >= PER_MINUTE - 12, "the first mails at the account's rate")
    first = [message.header("Message-ID") for message in office.server.messages[:5]]
    assert set(first) == danger
    [row] = office.rows(
        """SELECT max(r.accepted_at) FILTER (WHERE r.rank = 0) - max(a.closed_at) < interval '1 minute' AS in_time
           FROM escalation.mail_recipients AS r, escalation.mail_accounts AS a"""
    )
    assert row["in_time"]
    assert len(office.server.messages) <= PER_MINUTE
    assert office.alerts(open_only=False) == ["mail_account"]
    assert office.alerts() == []
    # The rest follows minute by minute; here the rate is lifted instead of waiting for three minutes.
    family.worker("mail", concurrency=1, MAIL_PER_MINUTE="100000")
    wait_for(lambda: office.states() == {"accepted": RECIPIENTS}, "all the others", seconds=120)
    sent = [message.header("Message-ID") for message in office.server.messages]
    assert (len(sent), len(set(sent))) == (200, 200)
