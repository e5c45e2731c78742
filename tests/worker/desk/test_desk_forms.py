"""Only the page's own form counts, and what somebody typed into it is never lost."""

import httpx
from sqlalchemy import Connection

from services.installation import Installation
from services.tickets.signed_links import form_token, token
from tests.services.tickets.conftest import ticket_row
from tests.worker.desk.conftest import Send


def test_what_was_typed_is_not_lost(send: Send) -> None:
    typed = send(action="note", name="", note="Called the farm, nobody answers.")
    assert (typed.status_code, "Called the farm, nobody answers.</textarea>" in typed.text) == (409, True)
    kept = send(action="note", name="Maria", note="Called the farm, nobody answers.")
    assert "Called the farm, nobody answers." in kept.text
    [cookie] = [value for value in kept.history[0].headers.get_list("set-cookie") if "escalation_name" in value]
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/desk/"} <= set(cookie.split("; "))


def test_what_was_typed_outlives_a_form_that_is_too_old_and_too_many_requests(
    browser: httpx.Client, ticket: dict[str, str], public: Installation
) -> None:
    typed = {
        "form": form_token("another ticket", public.settings),
        "action": "note",
        "name": "Maria",
        "note": "Called.",
    }
    old = browser.post(ticket["path"], data=typed)
    assert (old.status_code, "Called.</textarea>" in old.text) == (403, True)
    assert f'value="{form_token(ticket["id"], public.settings)[:20]}' in old.text
    for _ in range(public.settings.desk_actions_per_minute):
        many = browser.post(ticket["path"], data=typed)
    assert (many.status_code, "Called.</textarea>" in many.text) == (429, True)


def test_only_the_page_s_own_form_counts(
    browser: httpx.Client, ticket: dict[str, str], public: Installation, connection: Connection
) -> None:
    take = {"action": "acknowledge", "name": "Maria"}
    foreign = form_token("another ticket", public.settings)
    for form in ({}, {"form": foreign}, {"form": token(ticket["id"], public.settings)}):
        assert browser.post(ticket["path"], data=take | form).status_code == 403
    form = {"form": form_token(ticket["id"], public.settings)}
    crossed = browser.post(ticket["path"], data=take | form, headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403
    assert ticket_row(connection, ticket["number"])["status"] == "open"


def test_a_form_of_another_kind_or_size_is_refused(browser: httpx.Client, ticket: dict[str, str]) -> None:
    def post(**given: object) -> int:
        return browser.post(ticket["path"], **given).status_code  # type: ignore[arg-type]

    assert post(json={"action": "acknowledge"}) == 415
    assert post(data={"note": "x" * 40_000}) == 413
    assert post(content=b"%ff", headers={"content-type": "application/x-www-form-urlencoded"}) == 400
