"""Mail is held since the password was wrong: whoever mends it waits for no probe, whoever does not makes no login."""

from pathlib import Path

import pytest

from config.settings import get_settings
from services.delivery.settings_probe import MOST_PER_HOUR, settings_mark
from services.events.stream import connect
from tasks import mail  # not its tasks: pytest would look into them before there are settings
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office

RIGHT = "sesame"


@pytest.fixture
def held(office: Office, setting: Setting) -> Office:
    """Safety mail is held, since the worker was started with a wrong password."""
    for number in range(3):
        office.queue(f"safety {number}", rank=0)
    setting(smtp_password="wrong")
    mail.deliver_urgent()
    assert (office.account()["state"], office.server.count("auth")) == ("open", 1)
    return office


def test_the_right_password_is_tried_at_once_and_lets_the_mail_go(held: Office, setting: Setting) -> None:
    setting(smtp_password=RIGHT)
    mail.deliver_due()
    assert held.account()["state"] == "closed"
    mail.deliver_urgent()
    assert held.states() == {"accepted": 3}
    assert held.alerts() == []


def test_workers_that_start_again_and_again_with_what_failed_make_no_login(held: Office, setting: Setting) -> None:
    for _ in range(5):
        setting()
        mail.deliver_urgent()
        mail.deliver_due()
    assert held.server.count("auth") == 1


def test_other_wrong_settings_are_tried_once_by_whichever_child_is_first(held: Office, setting: Setting) -> None:
    setting(smtp_password="wrong, too")
    for _ in range(3):
        mail.deliver_urgent()
        mail.deliver_due()
    assert (held.account()["state"], held.server.count("auth")) == ("open", 2)


def test_a_password_that_was_right_before_is_tried_again(held: Office, setting: Setting) -> None:
    setting(smtp_password=RIGHT)
    mail.deliver_due()
    held.queue("later")
    setting(smtp_password="wrong")
    mail.deliver_due()
    assert held.account()["state"] == "open"
    setting(smtp_password=RIGHT)
    mail.deliver_due()
    assert held.account()["state"] == "closed"


def test_workers_with_different_settings_make_few_logins(held: Office, setting: Setting) -> None:
    for number in range(MOST_PER_HOUR):
        held.queue(f"mail {number}")
        for password in (RIGHT, "wrong"):
            setting(smtp_password=password)
            mail.deliver_due()
    # Each time the one opens the circuit and the other closes it, until the hour's looks are used up.
    assert held.server.count("auth") < 2 * MOST_PER_HOUR
    assert held.account()["state"] == "open"


def test_a_file_counts_by_what_is_in_it(setting: Setting, redis_url: str, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    setting(smtp_ca_file=authority)
    with connect(redis_url) as redis:
        without = settings_mark(get_settings(), redis)
        authority.write_text("one", encoding="utf-8")
        one = settings_mark(get_settings(), redis)
        authority.write_text("another", encoding="utf-8")
        another = settings_mark(get_settings(), redis)
        assert settings_mark(get_settings(), redis) == another
    assert len({without, one, another}) == 3


def test_no_password_can_be_read_where_the_marks_are_kept(held: Office) -> None:
    [row] = held.rows("SELECT CAST(value AS text) AS value FROM escalation.settings WHERE key LIKE 'mail_settings:%'")
    assert '"tried": [["' in row["value"]
    assert "wrong" not in row["value"]
