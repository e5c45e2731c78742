"""`python -m worker mail …` as an operator types it."""

import json

import pytest
from typer.testing import CliRunner, Result

from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from worker.commands.mail import app


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_mails_are_listed_by_state_ticket_and_age(office: Office) -> None:
    accepted = office.queue("first")
    office.send()
    waiting = office.queue("second")
    lines = [json.loads(line) for line in typed("list", "--json").output.splitlines()]
    assert [line["mail_id"] for line in lines] == [str(waiting), str(accepted)]
    only = [json.loads(line) for line in typed("list", "--json", "--state", "accepted").output.splitlines()]
    assert [line["mail_id"] for line in only] == [str(accepted)]
    assert "No mail fits." in typed("list", "--ticket", "AB-20200101-0001").output
    assert "No mail fits." in typed("list", "--older-hours", "1").output
    assert str(waiting)[:8] in typed("list").output


def test_whoever_looks_for_held_mail_hears_that_the_account_holds_all_of_it(office: Office) -> None:
    office.queue("first")
    office.queue("second")
    office.server.on_every("auth", "535 5.7.8 wrong password")
    office.send()
    listed = typed("list", "--state", "held").output
    assert "No mail fits." in listed
    assert "Mail is held: 2 mails wait for the mail account" in listed
    assert "since it failed at auth: " in listed
    assert "5.7.8 wrong password. Nothing is lost." in listed
    assert "python -m worker mail probe" in listed
    assert "Mail is held" not in typed("list", "--state", "held", "--json").output
    office.server.as_usual()
    assert "Logged in" in typed("probe").output
    assert "Mail is held" not in typed("list").output


def test_mails_are_chosen_by_ticket_and_age(office: Office) -> None:
    office.connection.exec_driver_sql(
        "INSERT INTO escalation.tickets (ticket_id, session_id, ordinal, ticket_number, priority, reasons) "
        "VALUES ('one', 'session', 1, 'AB-20261124-0001', 'high', '{}')"
    )
    of_ticket, other = office.queue("first", ticket_id="one"), office.queue("second")
    listed = typed("list", "--json", "--ticket", "AB-20261124-0001").output.splitlines()
    assert [json.loads(line)["mail_id"] for line in listed] == [str(of_ticket)]
    assert "1 recipient will not get it" in typed("cancel", "--ticket", "AB-20261124-0001").output
    assert office.recipient(other)["state"] == "queued"
    office.connection.exec_driver_sql("UPDATE escalation.mails SET queued_at = queued_at - interval '2 hours'")
    office.queue("third")
    assert "1 recipient is due now" in typed("retry", "--state", "cancelled", "--older-hours", "1").output
    assert "2 recipients will not get it" in typed("cancel", "--older-hours", "1").output
    assert office.states() == {"cancelled": 2, "queued": 1}


def test_a_mail_is_shown_with_every_attempt(office: Office) -> None:
    mail_id = office.queue("first")
    office.send()
    assert "accepted 250 2.0.0 " in typed("show", str(mail_id)).output
    assert "2.0.0 2.0.0" not in typed("show", str(mail_id)).output
    shown = json.loads(typed("show", str(mail_id)[:10], "--json").output)
    assert [(one["number"], one["code"], one["reply_class"]) for one in shown["attempts"]] == [(1, 250, "accepted")]
    assert "250" in typed("show", str(mail_id)).output


def test_an_unknown_mail_is_an_error_with_the_next_step(office: Office) -> None:
    result = typed("show", "ffff")
    assert (result.exit_code, "python -m worker mail list" in result.output) == (1, True)


def test_cancelled_mail_is_not_sent_and_retried_mail_is(office: Office) -> None:
    mail_id = office.queue("first")
    assert "1 recipient will not get it" in typed("cancel", str(mail_id)).output
    assert "Nothing was changed: nobody waits for it any more" in typed("cancel", str(mail_id)).output
    assert office.send() == {}
    assert "1 recipient is due now" in typed("retry", "--state", "cancelled").output
    assert office.send() == {"accepted": 1}
    assert typed("retry").exit_code == 2, "nothing named must not mean everything"


def test_a_test_mail_says_that_mail_works(office: Office) -> None:
    result = typed("test", "--to", "operator@example.com")
    assert (result.exit_code, "mail works" in result.output) == (0, True)
    assert office.subjects() == ["Test of the escalation worker"]


def test_a_wrong_password_is_explained_and_not_shown(office: Office, setting: Setting) -> None:
    setting(smtp_password="opensesame-wrong")
    result = typed("test", "--to", "operator@example.com")
    assert result.exit_code == 1
    assert "Our settings or the account are wrong" in result.output
    assert "What to do:" in result.output
    assert "opensesame" not in result.output


def test_a_test_mail_shows_a_reply_without_obeying_it(office: Office) -> None:
    office.server.on_every("mail", "450 4.7.1 [red]later[/b] \x1b[2J\x9b")
    result = typed("test", "--to", "operator@example.com")
    assert (result.exit_code, "[red]later[/b]" in result.output) == (1, True)
    assert not set("\x1b\x9b") & set(result.output)


def test_an_address_that_is_none_is_refused(office: Office) -> None:
    assert typed("test", "--to", "nobody").exit_code == 2


def test_a_probe_after_the_remedy_closes_the_circuit(office: Office, setting: Setting) -> None:
    mail_id = office.queue("first")
    setting(smtp_password="wrong")
    office.send()
    assert typed("probe").exit_code == 1
    setting(smtp_password="sesame")
    assert typed("probe").exit_code == 0
    office.all_due()
    office.send()
    assert office.recipient(mail_id)["state"] == "accepted"


def test_a_probe_that_fails_by_hand_does_not_delay_the_mailer_s_own(office: Office, setting: Setting) -> None:
    office.queue("first")
    office.server.on_every("auth", "535 5.7.8 wrong password")
    office.send()
    before = office.account()
    setting(smtp_password="mistyped")
    assert typed("probe").exit_code == 1
    after = office.account()
    assert (before["state"], after["state"]) == ("open", "open")
    assert (after["next_probe_at"], after["probes"]) == (before["next_probe_at"], before["probes"])


def test_a_probe_explains_what_the_server_says(office: Office) -> None:
    office.server.on_every("auth", "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant.")
    result = typed("probe")
    assert result.exit_code == 1
    assert "disabled for the Tenant" in result.output
    assert "Set-CASMailbox" in result.output


def test_a_probe_from_a_shell_with_other_settings_holds_no_mail(office: Office, setting: Setting) -> None:
    office.queue("first")
    office.send()
    setting(smtp_password="mistyped")
    assert typed("probe").exit_code == 1
    assert office.alerts() == []
    setting(smtp_password="sesame")
    second = office.queue("second")
    office.send()
    assert office.recipient(second)["state"] == "accepted"


def test_a_probe_of_a_server_that_is_down_opens_no_circuit(office: Office) -> None:
    office.send()
    office.server.on_every("connect", "421 4.3.2 not now")
    assert typed("probe").exit_code == 1
    assert {row["state"] for row in office.rows("SELECT state FROM escalation.mail_accounts")} <= {"closed"}


@pytest.mark.parametrize("reply", ["450 later [/red] \x1b[31m", "450 nul \0 here", "250 2.0.0 taken \0 \x9b"])
def test_whatever_bytes_a_server_says_are_kept_and_shown_without_effect(office: Office, reply: str) -> None:
    office.server.on("dot", reply)
    mail_id = office.queue("first")
    assert office.send() == {"accepted" if reply.startswith("2") else "deferred": 1}
    for words in (("list",), ("show", str(mail_id))):
        told = typed(*words)
        assert told.exit_code == 0, told.output
        assert not set(told.output) & set("\0\x1b\x9b")
