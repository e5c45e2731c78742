"""The service: GET only shows, so that mail scanners change nothing; POST acts and leads back to the page."""

from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Final, cast

import anyio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from config.errors import ConfigurationError
from config.settings import Settings
from services.database.engine import begin
from services.installation import get_installation
from services.tickets.queries import TicketNotFound
from services.tickets.signed_links import LinkExpired, LinkUnknown, digest_of, is_form_of, ticket_of
from worker.desk.access import read_proxy_user
from worker.desk.actions import ANSWERS, DELETED, act, read_ticket
from worker.desk.answers import (
    KEEPING,
    DatabaseSilent,
    answer_html,
    answer_unavailable,
    answer_words,
    ask,
    count_action,
    count_view,
    may_see_list,
    offer_again,
    recall_name,
    remember_name,
    settings_of,
)
from worker.desk.digests import acknowledge_ticked, digest_html
from worker.desk.guards import KeepPeer, SafeHeaders, form_of
from worker.desk.list_page import open_team_link, show_list
from worker.desk.login import finish_at_callback, open_login, refuse_login
from worker.desk.oidc import LoginFailed
from worker.desk.pages import ticket_html
from worker.desk.proxies import addresses_of_proxies
from worker.desk.render import prepare_pages
from worker.desk.words import words_in

EXPIRED: Final = (
    "The link in the mail has expired. Open the ticket from the list of open tickets, or ask whoever is on duty for a "
    "newer mail."
)
UNKNOWN: Final = "The address is not complete, or nobody here has made it. Open the link in the mail again."
OLD_FORM: Final = "The page was open for too long. Load it again, then try once more."
KEPT_FORM: Final = "The page was open for too long. What you typed is kept here: send it once more."


def create_app(settings: Settings) -> Starlette:
    """Make the application with these settings."""
    app = Starlette(
        routes=[
            Route("/", show_list),
            Route("/team/{token}", open_team_link),
            Route("/login", open_login),
            Route("/callback", finish_at_callback),
            Route("/d/{token}", handle_digest, methods=["GET", "POST"]),
            Route("/t/{token}", handle_ticket, methods=["GET", "POST"]),
            Route("/robots.txt", _show_robots),
            Route("/health", _check_health),
        ],
        middleware=[
            Middleware(SafeHeaders),
            Middleware(KeepPeer),
            Middleware(ProxyHeadersMiddleware, trusted_hosts=addresses_of_proxies(settings.desk_proxies)),
        ],
        exception_handlers={
            HTTPException: _refuse,
            DBAPIError: answer_unavailable,
            PoolTimeoutError: answer_unavailable,
            DatabaseSilent: answer_unavailable,
            LinkExpired: lambda request, error: answer_words(request, 410, EXPIRED),
            LinkUnknown: lambda request, error: answer_words(request, 404, UNKNOWN),
            LoginFailed: refuse_login,
            TicketNotFound: lambda request, error: answer_words(request, 410, DELETED),
        },
    )
    if settings.oidc_issuer and find_spec("authlib") is None:
        raise ConfigurationError("OIDC_ISSUER: needs authlib, which is not installed: pip install -e '.[oidc]'")
    app.state.settings = settings
    # The first visitor is not to wait for what can be prepared: templates, translations, contacts.
    prepare_pages(settings)
    get_installation()
    return app


async def handle_ticket(request: Request) -> Response:
    """Show the ticket, or do what one of its forms asks for."""
    settings, token = settings_of(request), request.path_params["token"]
    await count_view(request)
    ticket_id = ticket_of(token, settings)
    if request.method == "POST":
        return await _act(request, ticket_id, token)
    done = request.query_params.get("done", "")
    said = words_in(settings.support_language).gettext(ANSWERS[done]) if done in ANSWERS else ""
    return await _show(request, ticket_id, token, said=said, whole="whole" in request.query_params)


async def _show(request: Request, ticket_id: str, token: str, *, status: int = 200, **more: Any) -> Response:
    settings = settings_of(request)
    typed_name = "" if "rename" in request.query_params else more.get("typed", {}).get("name", "")[:120]
    name = recall_name(request) or typed_name
    list_link = "../" if may_see_list(request) or read_proxy_user(request, settings) else None

    shown = replace(await ask(request, read_ticket, ticket_id), name=name, **more)
    html = await anyio.to_thread.run_sync(lambda: ticket_html(shown, token, settings, list_link))
    return answer_html(request, html, status)


async def _act(request: Request, ticket_id: str, token: str) -> Response:
    settings = settings_of(request)
    fields = await form_of(request)
    typed = {"typed": fields, "failed": fields.get("action", "")}
    try:
        await count_action(request, ticket_id)
        if not is_form_of(fields.get("form", ""), ticket_id, settings):
            wrong = words_in(settings.support_language).gettext(KEPT_FORM)
            return await _show(request, ticket_id, token, status=403, wrong=wrong, **typed)
        if refused := await ask(request, act, ticket_id, fields, settings):
            return await _show(request, ticket_id, token, status=409, wrong=refused, **typed)
    except KEEPING as error:
        return offer_again(error, token, fields, settings)
    answer = RedirectResponse(f"{token}?done={fields['action']}", 303)
    remember_name(answer, fields["name"], settings)
    return answer


async def handle_digest(request: Request) -> Response:
    """Show the tickets of a digest, or acknowledge those that are ticked."""
    settings, token = settings_of(request), request.path_params["token"]
    await count_view(request)
    mail_id = digest_of(token, settings)
    if request.method == "GET":
        done = request.query_params.get("done", "")
        taken = int(done) if done.isascii() and done.isdecimal() and len(done) < 4 else 0
        name = recall_name(request)
        return answer_html(request, await ask(request, digest_html, mail_id, token, settings, name, "", taken))
    fields = await form_of(request)
    if not is_form_of(fields.get("form", ""), f"digest:{mail_id}", settings):
        raise HTTPException(403, OLD_FORM)
    try:
        await count_action(request, str(mail_id))
        taken, wrong = await ask(request, acknowledge_ticked, mail_id, fields, settings)
        if wrong:
            html = await ask(request, digest_html, mail_id, token, settings, fields.get("name", ""), wrong, taken)
            return HTMLResponse(html, 409)
    except KEEPING as error:
        return offer_again(error, token, fields, settings)
    answer = RedirectResponse(f"{token}?done={taken}", 303)
    remember_name(answer, fields["name"], settings)
    return answer


async def _show_robots(request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


async def _check_health(request: Request) -> Response:
    def ping() -> None:
        with begin() as connection:
            connection.execute(text("SELECT 1"))

    await ask(request, ping)
    return PlainTextResponse("ok\n")


def _refuse(request: Request, error: Exception) -> Response:
    http = cast(HTTPException, error)
    words = UNKNOWN if http.status_code in {404, 405} else http.detail
    return answer_words(request, http.status_code, words, http.headers)
