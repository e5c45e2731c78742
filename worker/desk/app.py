"""The service: GET only shows, so that mail scanners change nothing; POST acts and leads back to the page."""

from typing import Any, cast

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, TimeoutError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from config.settings import Settings
from services.database.engine import begin
from services.database.errors import described
from services.tickets.queries import TicketNotFound
from services.tickets.signed_links import LinkExpired, LinkUnknown, is_form_of, ticket_of
from worker.desk.actions import act, read
from worker.desk.guards import SafeHeaders, form_of, refuse_too_many
from worker.desk.pages import message_html, styles, ticket_html

logger = structlog.get_logger()

TITLES = {404: "Nothing is here", 410: "This link works no more", 503: "Not at the moment"}
EXPIRED = "The link in the mail has expired. Look the ticket up in ABParts, or ask whoever is on duty."
UNKNOWN = "The address is not complete, or nobody here has made it. Open the link in the mail again."
AWAY = "The database does not answer. Try again in a minute; if it is urgent, call the user."
OLD_FORM = "The page was open for too long. Load it again, then try once more."


def create_app(settings: Settings) -> Starlette:
    """The application with these settings."""
    app = Starlette(
        routes=[
            Route("/t/{token}", page, methods=["GET", "POST"]),
            Route("/style.css", _style),
            Route("/robots.txt", _robots),
            Route("/health", health),
        ],
        middleware=[Middleware(SafeHeaders)],
        exception_handlers={
            HTTPException: refused,
            DBAPIError: _unavailable,
            TimeoutError: _unavailable,
            LinkExpired: _expired,
            LinkUnknown: unknown,
            TicketNotFound: _deleted,
        },
    )
    app.state.settings = settings
    return app


def _settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def page(request: Request) -> Response:
    """Show the ticket, or do what one of its forms asks for."""
    settings, token = _settings_of(request), request.path_params["token"]
    await count(request, settings.desk_views_per_minute, "view", _address_of(request))
    ticket_id = ticket_of(token, settings)
    if request.method == "POST":
        return await _acted(request, ticket_id, token)
    shown = await run_in_threadpool(read, ticket_id, settings, request.query_params.get("done", ""))
    return HTMLResponse(await run_in_threadpool(ticket_html, shown, token, settings))


async def _acted(request: Request, ticket_id: str, token: str) -> Response:
    settings = _settings_of(request)
    await count(request, settings.desk_actions_per_minute, "act", ticket_id)
    fields = await form_of(request)
    if not is_form_of(fields.get("form", ""), ticket_id, settings):
        raise HTTPException(403, OLD_FORM)
    wrong = await run_in_threadpool(act, ticket_id, fields, settings)
    if wrong is None:
        return RedirectResponse(f"{token}?done={fields['action']}", 303)
    shown = await run_in_threadpool(read, ticket_id, settings, "", wrong)
    return HTMLResponse(await run_in_threadpool(ticket_html, shown, token, settings), 409)


async def count(request: Request, per_minute: int, *who: str) -> None:
    url = _settings_of(request).redis_url.get_secret_value()
    await run_in_threadpool(refuse_too_many, url, per_minute, *who)


def _address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _style(request: Request) -> Response:
    return PlainTextResponse(styles(), media_type="text/css")


async def _robots(request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


async def health(request: Request) -> Response:
    """Whether the database answers."""
    await run_in_threadpool(_ping)
    return PlainTextResponse("ok\n")


def _ping() -> None:
    with begin() as connection:
        connection.execute(text("SELECT 1"))


def answer(request: Request, status: int, words: str, headers: Any = None) -> Response:
    title = TITLES.get(status, "That did not work")
    return HTMLResponse(message_html(title, words, _settings_of(request)), status, headers)


def refused(request: Request, error: Exception) -> Response:
    http = cast(HTTPException, error)
    words = UNKNOWN if http.status_code == 404 else http.detail
    return answer(request, http.status_code, words, http.headers)


def _expired(request: Request, error: Exception) -> Response:
    return answer(request, 410, EXPIRED)


def unknown(request: Request, error: Exception) -> Response:
    return answer(request, 404, UNKNOWN)


def _deleted(request: Request, error: Exception) -> Response:
    return answer(request, 410, str(error))


def _unavailable(request: Request, error: Exception) -> Response:
    logger.error("desk_without_database", error=described(error))
    return answer(request, 503, AWAY, {"retry-after": "60"})
