"""Several senders at once: no mail twice, the gravest first, and limits that all of them share."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import get_settings
from rules.delivery import MailTemplate
from services.database.engine import begin, engine, standalone
from services.delivery.lease import lease, sender_lease, take_slot
from services.delivery.rate_limits import Rates, limiter
from services.outbox.queue import NewMail, queue_mails
from services.transports.factory import account_of
from tasks.delivery.slots import CONNECTIONS
from tasks.delivery.supply import MOST_AHEAD
from tests.processes import processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import TEXT, Office

# While one sender has its last grave mails in hand, the other may begin with the next ones. What one holds: half a
# claim that still waits, the next claim, and what its connections have.
IN_HAND = MOST_AHEAD // 2 + MOST_AHEAD + CONNECTIONS


def test_two_senders_and_500_mails_without_a_duplicate_in_order_of_gravity(office: Office, tmp_path: Path) -> None:
    mails = [
        NewMail(
            (str(number),),
            MailTemplate.TEST,
            ("support@example.com",),
            number % 5,
            content={"subject": "m", "text": TEXT},
        )
        for number in range(500)
    ]
    with begin() as connection:
        queue_mails(connection, mails, "example.com")
    ranks = {f"<{mail.mail_id.hex}@example.com>": mail.rank for mail in mails}

    with processes({}, tmp_path) as family:
        senders = [family.start("tests.tasks.delivery.sender") for _ in range(2)]
        for sender in senders:
            wait_for(lambda sender=sender: "ends" in sender.output, "the senders' end", seconds=180)  # type: ignore[misc]

    sent = [message.header("Message-ID") for message in office.server.messages]
    assert Counter(sent) == Counter(ranks.keys())
    assert office.states() == {"accepted": 500}
    # Each of them takes a hundred messages.
    assert office.server.connections <= CONNECTIONS + 500 // 100
    order = [ranks[message_id] for message_id in sent]
    for rank in sorted(set(order)):
        late = sum(other < rank for other in order[order.index(rank) :])
        assert late <= IN_HAND, (rank, order)


def test_connections_are_shared_and_one_is_kept_for_safety_mail(office: Office, setting: Setting) -> None:
    setting(mail_connections=2)
    office.queue("normal")
    office.queue("safety", rank=0)
    account = account_of(get_settings()).key

    with engine().connect() as other, lease(other):
        assert take_slot(other, account, 1)
        assert office.send() == {}
        assert office.send(urgent_only=True) == {"accepted": 1}
    assert office.send() == {"accepted": 1}
    assert office.subjects() == ["safety", "normal"]


def test_a_killed_sender_s_connection_is_free_at_once(office: Office, setting: Setting) -> None:
    setting(mail_connections=1)
    office.queue("hello")
    with engine().connect() as other, lease(other):
        take_slot(other, account_of(get_settings()).key, 1)
        assert office.send() == {}
        office.connection.execute(
            text("""SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
                    WHERE l.locktype = 'advisory' AND a.datname = current_database()""")
        )
        wait_for(office.send, "the connection of the killed sender", seconds=10)
    assert office.states() == {"accepted": 1}


HELD = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")


def test_a_sender_gets_the_last_place_and_connection_that_are_free_or_neither(setting: Setting) -> None:
    with standalone() as first, standalone() as second, standalone() as third:
        with sender_lease(first, "a", 2, 3) as one, sender_lease(second, "a", 2, 3) as other:
            assert one
            assert other
            assert (one[1], other[1]) == (3, 2)
            assert one[0] != other[0]
            with sender_lease(third, "a", 2, 3) as none:
                assert none is None
                assert third.execute(HELD).scalar_one() == 1, "its lease, and no connection that others could use"
            with sender_lease(third, "a", 3, 2) as another:
                assert another
                assert another[1] == 1
        for session in (first, second, third):
            session.rollback()
            assert session.execute(HELD).scalar_one() == 0


def test_the_rate_of_a_minute_is_kept_with_a_part_for_safety_mail(office: Office, setting: Setting) -> None:
    setting(mail_per_minute=10, mail_connections=1)  # so that the order is that of the age
    for number in range(30):
        office.queue(f"mail {number}")
    for _ in range(5):
        office.send()
    assert office.states() == {"accepted": 8, "queued": 22}

    for number in range(5):
        office.queue(f"safety {number}", rank=0)
    for _ in range(5):
        office.send(urgent_only=True)
        office.send()

    assert office.states() == {"accepted": 10, "queued": 25}
    assert office.subjects()[-2:] == ["safety 0", "safety 1"]
    assert {row["attempts"] for row in office.rows(
        "SELECT attempts FROM escalation.mail_recipients WHERE state = 'queued'")} == {0}  # fmt: skip


def test_processes_share_the_rate(setting: Setting) -> None:
    setting(mail_per_minute=10)
    settings = get_settings()
    account = account_of(settings)
    url = settings.redis_url.get_secret_value()
    one, other = (Rates(limiter(url, process), account.key, account.limits) for process in (1, 2))
    assert [one.take(False, 1) for _ in range(5)] == [True] * 5
    assert [other.take(False, 1) for _ in range(4)] == [True, True, True, False]
    assert (one.room(False, 99), other.room(True, 99)) == (0, 2)


def test_a_day_counts_recipients(setting: Setting) -> None:
    setting(mail_per_day=10)
    settings = get_settings()
    account = account_of(settings)
    rates = Rates(limiter(settings.redis_url.get_secret_value(), 1), account.key, account.limits)
    assert [rates.take(False, 4) for _ in range(3)] == [True, True, False]
    assert rates.take(False, 2)
    assert rates.room(False, 99) == 0


def test_safety_mail_leaves_although_the_day_is_used_up_by_our_own_count(office: Office, setting: Setting) -> None:
    setting(mail_per_day=2, mail_connections=2)  # one of them for safety mail alone
    for name in ("one", "two", "three"):
        office.queue(name)
    assert office.send() == {"accepted": 2}
    office.queue("danger", rank=0)
    assert office.send(urgent_only=True) == {"accepted": 1}
    assert office.send() == {}
    assert office.subjects() == ["one", "two", "danger"]


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0"])
def test_without_redis_mail_still_leaves(office: Office, setting: Setting, url: str) -> None:
    setting(mail_per_minute=1, redis_url=url)
    office.queue("one")
    office.queue("two")
    assert office.send() == {"accepted": 2}
