"""The service: GET only shows, so that mail scanners change nothing; POST acts and leads back to the page."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, TypeVar, cast
from urllib.parse import quote, unquote, urlsplit

import anyio
import structlog
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
from services.database.errors import described
from services.installation import get_installation
from services.tickets.queries import TicketNotFound
from services.tickets.signed_links import LinkExpired, LinkUnknown, digest_of, is_form_of, ticket_of
from worker.desk.access import TEAM_COOKIE, find_team, read_proxy_user
from worker.desk.actions import ANSWERS, act, read_ticket
from worker.desk.digests import acknowledge_ticked, digest_html
from worker.desk.guards import KeepPeer, SafeHeaders, form_of, refuse_too_many
from worker.desk.oidc import (
    LOGIN_COOKIE,
    LOGIN_SECONDS,
    PERSON_COOKIE,
    PERSON_SECONDS,
    LoginFailed,
    begin_login,
    find_person,
    finish_login,
)
from worker.desk.pages import message_html, ticket_html
from worker.desk.proxies import addresses_of_proxies
from worker.desk.render import find_version, prepare_pages
from worker.desk.ticket_list import TicketFilter, list_html
from worker.desk.words import words_in

logger = structlog.get_logger()

TITLES = {403: "This is for the team", 404: "Nothing is here", 410: "This link works no more", 503: "Not at the moment"}
OTHER_TITLE = "That did not work"
EXPIRED = (
    "The link in the mail has expired. Open the ticket from the list of open tickets, or ask whoever is on duty for a "
    "newer mail."
)
UNKNOWN = "The address is not complete, or nobody here has made it. Open the link in the mail again."
AWAY = "The database does not answer. Try again in a minute; if it is urgent, call the user."
OLD_FORM = "The page was open for too long. Load it again, then try once more."
KEPT_FORM = "The page was open for too long. What you typed is kept here: send it once more."
LOGIN_FAILED = "The login did not work. Try it again; if that does not help, ask whoever runs the escalation worker."
FOR_TEAM = "Open your team's link once on this device; ask whoever runs the escalation worker for it."
_NAME_COOKIE = "escalation_name"
_LIST_COOKIES = {TEAM_COOKIE, PERSON_COOKIE}
_COOKIE_SECONDS = 180 * 86_400

Result = TypeVar("Result")


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
            DBAPIError: _answer_unavailable,
            PoolTimeoutError: _answer_unavailable,
            _DatabaseSilent: _answer_unavailable,
            LinkExpired: lambda request, error: _answer(request, 410, EXPIRED),
            LinkUnknown: lambda request, error: _answer(request, 404, UNKNOWN),
            LoginFailed: _refuse_login,
            TicketNotFound: lambda request, error: _answer(request, 410, str(error)),
        },
    )
    if settings.oidc_issuer and find_spec("authlib") is None:
        raise ConfigurationError("OIDC_ISSUER: needs authlib, which is not installed: pip install -e '.[oidc]'")
    app.state.settings = settings
    # The first visitor is not to wait for what can be prepared: templates, translations, contacts.
    prepare_pages(settings)
    get_installation()
    return app


class _DatabaseSilent(Exception):
    """The database did not answer in the time that a reader waits."""


# What passes by itself, so that a form is kept and can be sent again: the database is away, or too many requests.
_KEEPING = (DBAPIError, PoolTimeoutError, _DatabaseSilent, HTTPException)


async def _ask(request: Request, function: Callable[..., Result], *arguments: Any) -> Result:
    """Run what asks the database in a thread, and wait no longer than a reader does.

    :raises _DatabaseSilent: no answer yet; what was begun may still be done, and doing it again changes nothing
    """
    try:
        with anyio.fail_after(_settings_of(request).desk_answer_seconds):
            return await anyio.to_thread.run_sync(lambda: function(*arguments), abandon_on_cancel=True)
    except TimeoutError as error:
        raise _DatabaseSilent from error


def _settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def handle_ticket(request: Request) -> Response:
    """Show the ticket, or do what one of its forms asks for."""
    settings, token = _settings_of(request), request.path_params["token"]
    await _count(request, settings.desk_views_per_minute, "view", request.client.host if request.client else "unknown")
    ticket_id = ticket_of(token, settings)
    if request.method == "POST":
        return await _act(request, ticket_id, token)
    done = request.query_params.get("done", "")
    said = words_in(settings.support_language).gettext(ANSWERS[done]) if done in ANSWERS else ""
    return await _show(request, ticket_id, token, said=said)


async def _show(request: Request, ticket_id: str, token: str, *, status: int = 200, **more: Any) -> Response:
    settings = _settings_of(request)
    renamed = "rename" in request.query_params
    typed_name = more.get("typed", {}).get("name", "")
    name = "" if renamed else (unquote(request.cookies.get(_NAME_COOKIE, "")) or typed_name)[:120]
    list_link = "../" if _LIST_COOKIES & set(request.cookies) or read_proxy_user(request, settings) else None

    shown = replace(await _ask(request, read_ticket, ticket_id), name=name, **more)
    html = await anyio.to_thread.run_sync(lambda: ticket_html(shown, token, settings, list_link))
    return _answer_html(request, html, status)


def _answer_html(request: Request, html: str, status: int) -> Response:
    """Answer with the page, or that the reader has it already."""
    version = find_version(html)
    if status == 200 and version and request.headers.get("if-none-match") == f'"{version}"':
        return Response(status_code=304)
    return HTMLResponse(html, status)


async def _act(request: Request, ticket_id: str, token: str) -> Response:
    settings = _settings_of(request)
    fields = await form_of(request)
    typed = {"typed": fields, "failed": fields.get("action", "")}
    try:
        await _count(request, settings.desk_actions_per_minute, "act", ticket_id)
        if not is_form_of(fields.get("form", ""), ticket_id, settings):
            wrong = words_in(settings.support_language).gettext(KEPT_FORM)
            return await _show(request, ticket_id, token, status=403, wrong=wrong, **typed)
        if refused := await _ask(request, act, ticket_id, fields, settings):
            return await _show(request, ticket_id, token, status=409, wrong=refused, **typed)
    except _KEEPING as error:
        return _offer_again(error, token, fields, settings)
    answer = RedirectResponse(f"{token}?done={fields['action']}", 303)
    _set_cookie(answer, _NAME_COOKIE, quote(" ".join(fields["name"].split())), settings)
    return answer


def _offer_again(error: Exception, token: str, fields: Mapping[str, str], settings: Settings) -> Response:
    """Say what is in the way now, with a form that holds what was typed and ticked."""
    if isinstance(error, HTTPException):
        status, words, headers = error.status_code, error.detail, error.headers
    else:
        _log_away(error)
        status, words, headers = 503, AWAY, {"retry-after": "10"}
    page = message_html(TITLES.get(status, OTHER_TITLE), words, settings, again=token, typed=fields)
    return HTMLResponse(page, status, headers)


async def handle_digest(request: Request) -> Response:
    """Show the tickets of a digest, or acknowledge those that are ticked."""
    settings, token = _settings_of(request), request.path_params["token"]
    await _count(request, settings.desk_views_per_minute, "view", request.client.host if request.client else "unknown")
    mail_id = digest_of(token, settings)
    name = "" if "rename" in request.query_params else unquote(request.cookies.get(_NAME_COOKIE, ""))[:120]
    if request.method == "GET":
        done = request.query_params.get("done", "")
        taken = int(done) if done.isascii() and done.isdecimal() and len(done) < 4 else 0
        return _answer_html(request, await _ask(request, digest_html, mail_id, token, settings, name, "", taken), 200)
    fields = await form_of(request)
    if not is_form_of(fields.get("form", ""), f"digest:{mail_id}", settings):
        raise HTTPException(403, OLD_FORM)
    try:
        await _count(request, settings.desk_actions_per_minute, "act", str(mail_id))
        taken, wrong = await _ask(request, acknowledge_ticked, mail_id, fields, settings)
        if wrong:
            html = await _ask(request, digest_html, mail_id, token, settings, fields.get("name", ""), wrong, taken)
            return HTMLResponse(html, 409)
    except _KEEPING as error:
        return _offer_again(error, token, fields, settings)
    answer = RedirectResponse(f"{token}?done={taken}", 303)
    _set_cookie(answer, _NAME_COOKIE, quote(" ".join(fields["name"].split())), settings)
    return answer


def _set_cookie(answer: Response, name: str, value: str, settings: Settings, seconds: int = _COOKIE_SECONDS) -> None:
    address = urlsplit(settings.public_url or "")
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path=f"{address.path}/",
        secure=address.scheme == "https",
        httponly=True,
        samesite="lax",
    )


async def open_team_link(request: Request) -> Response:
    """Remember the team's link on this device, and lead to the list."""
    settings, token = _settings_of(request), request.path_params["token"]
    if await _ask(request, _find_team, token, settings) is None:
        raise LinkUnknown
    answer = RedirectResponse("../", 303)
    _set_cookie(answer, TEAM_COOKIE, token, settings)
    return answer


def _find_team(token: str, settings: Settings) -> str | None:
    with begin() as connection:
        return find_team(connection, token, settings)


async def open_login(request: Request) -> Response:
    """Send the browser to the OpenID provider."""
    settings = await _settings_for_login(request)
    address, kept = await anyio.to_thread.run_sync(begin_login, settings)
    answer = RedirectResponse(address, 303)
    _set_cookie(answer, LOGIN_COOKIE, kept, settings, LOGIN_SECONDS)
    return answer


async def finish_at_callback(request: Request) -> Response:
    """Take the provider's answer, and lead to the list."""
    settings = await _settings_for_login(request)
    kept = request.cookies.get(LOGIN_COOKIE, "")
    person = await anyio.to_thread.run_sync(finish_login, settings, kept, request.query_params)
    answer = RedirectResponse("./", 303)
    _set_cookie(answer, PERSON_COOKIE, person, settings, PERSON_SECONDS)
    _set_cookie(answer, LOGIN_COOKIE, "", settings, 0)
    return answer


async def _settings_for_login(request: Request) -> Settings:
    settings = _settings_of(request)
    await _count(request, settings.desk_views_per_minute, "view", request.client.host if request.client else "unknown")
    if not settings.oidc_issuer:
        raise HTTPException(404)
    return settings


def _refuse_login(request: Request, error: Exception) -> Response:
    logger.warning("desk_login_failed", error=str(error))
    page = message_html(TITLES[403], LOGIN_FAILED, _settings_of(request), list_link="./")
    return HTMLResponse(page, 403)


async def show_list(request: Request) -> Response:
    """Show the list of tickets to those who hold a team's link or come through an authenticating proxy."""
    settings = _settings_of(request)
    await _count(request, settings.desk_views_per_minute, "view", request.client.host if request.client else "unknown")
    team = read_proxy_user(request, settings)
    if team is None and (token := request.cookies.get(TEAM_COOKIE)):
        team = await _ask(request, _find_team, token, settings)
    if team is None and (kept := request.cookies.get(PERSON_COOKIE)):
        team = find_person(settings, kept)
    if team is None:
        return RedirectResponse("login", 303) if settings.oidc_issuer else _answer(request, 403, FOR_TEAM)
    html = await _ask(request, list_html, team, TicketFilter.from_query(request.query_params), settings)
    return _answer_html(request, html, 200)


async def _count(request: Request, per_minute: int, *who: str) -> None:
    url = _settings_of(request).redis_url.get_secret_value()
    await anyio.to_thread.run_sync(lambda: refuse_too_many(url, per_minute, *who))


async def _show_robots(request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


async def _check_health(request: Request) -> Response:
    def ping() -> None:
        with begin() as connection:
            connection.execute(text("SELECT 1"))

    await _ask(request, ping)
    return PlainTextResponse("ok\n")


def _answer(request: Request, status: int, words: str, headers: Mapping[str, str] | None = None) -> Response:
    title = TITLES.get(status, OTHER_TITLE)
    list_link = "../" if _LIST_COOKIES & set(request.cookies) and request.url.path != "/" else None
    page = message_html(title, words, _settings_of(request), reload=status in {403, 429, 503}, list_link=list_link)
    return HTMLResponse(page, status, headers)


def _refuse(request: Request, error: Exception) -> Response:
    http = cast(HTTPException, error)
    return _answer(request, http.status_code, UNKNOWN if http.status_code == 404 else http.detail, http.headers)


def _answer_unavailable(request: Request, error: Exception) -> Response:
    _log_away(error)
    return _answer(request, 503, AWAY, {"retry-after": "10"})


def _log_away(error: Exception) -> None:
    known = isinstance(error, DBAPIError | PoolTimeoutError)
    logger.error("desk_without_database", error=described(error) if known else "no answer in time")
