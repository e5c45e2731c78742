"""What the page's handlers share: patience with the database, counting, cookies, answers that only say something."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote, urlsplit

import anyio
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from config.settings import Settings
from services.database.errors import described
from worker.desk.access import TEAM_COOKIE
from worker.desk.guards import refuse_too_many
from worker.desk.oidc import PERSON_COOKIE
from worker.desk.pages import message_html
from worker.desk.render import find_version

logger = structlog.get_logger()

TITLES: Final = {
    403: "This is for the team",
    404: "Nothing is here",
    410: "This link works no more",
    503: "Not at the moment",
}
OTHER_TITLE: Final = "That did not work"
AWAY: Final = "The database does not answer. Try again in a minute; if it is urgent, call the user."
_LIST_COOKIES: Final = {TEAM_COOKIE, PERSON_COOKIE}
_NAME_COOKIE: Final = "escalation_name"
_COOKIE_SECONDS: Final = 180 * 86_400

_Result = TypeVar("_Result")


class DatabaseSilent(Exception):
    """The database did not answer in the time that a reader waits."""


# What passes by itself, so that a form is kept and can be sent again: the database is away, or too many requests.
KEEPING: Final = (DBAPIError, PoolTimeoutError, DatabaseSilent, HTTPException)


def settings_of(request: Request) -> Settings:
    """The settings that the application was made with."""
    settings: Settings = request.app.state.settings
    return settings


async def ask(request: Request, function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Run what asks the database in a thread, and wait no longer than a reader does.

    :raises DatabaseSilent: no answer yet; what was begun may still be done, and doing it again changes nothing
    """
    try:
        with anyio.fail_after(settings_of(request).desk_answer_seconds):
            return await anyio.to_thread.run_sync(lambda: function(*arguments), abandon_on_cancel=True)
    except TimeoutError as error:
        raise DatabaseSilent from error


async def count_view(request: Request) -> None:
    """Count that somebody looks.

    :raises HTTPException: 429, too many requests of this address in a minute
    """
    address = request.client.host if request.client else "unknown"
    await _count(request, settings_of(request).desk_views_per_minute, "view", address)


async def count_action(request: Request, what: str) -> None:
    """Count that somebody acts on a ticket or a digest.

    :raises HTTPException: 429, too many actions on it in a minute
    """
    await _count(request, settings_of(request).desk_actions_per_minute, "act", what)


async def _count(request: Request, per_minute: int, *who: str) -> None:
    url = settings_of(request).redis_url.get_secret_value()
    await anyio.to_thread.run_sync(lambda: refuse_too_many(url, per_minute, *who))


def set_cookie(answer: Response, name: str, value: str, settings: Settings, seconds: int = _COOKIE_SECONDS) -> None:
    """Set a cookie for the page alone, which no script can read."""
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


def remember_name(answer: Response, name: str, settings: Settings) -> None:
    """Keep the reader's name on this device."""
    set_cookie(answer, _NAME_COOKIE, quote(" ".join(name.split())), settings)


def recall_name(request: Request) -> str:
    """The name that was kept, or nothing where the reader wants to give another."""
    return "" if "rename" in request.query_params else unquote(request.cookies.get(_NAME_COOKIE, ""))[:120]


def may_see_list(request: Request) -> bool:
    """Whether this device holds what once opened the list."""
    return bool(_LIST_COOKIES & set(request.cookies))


def answer_html(request: Request, html: str, status: int = 200) -> Response:
    """Answer with the page, or that the reader has it already."""
    version = find_version(html)
    if status == 200 and version and request.headers.get("if-none-match") == f'"{version}"':
        return Response(status_code=304)
    return HTMLResponse(html, status)


def answer_words(request: Request, status: int, words: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a page that only says something."""
    title = TITLES.get(status, OTHER_TITLE)
    list_link = "../" if may_see_list(request) and request.url.path != "/" else None
    page = message_html(title, words, settings_of(request), reload=status in {403, 429, 503}, list_link=list_link)
    return HTMLResponse(page, status, headers)


def answer_unavailable(request: Request, error: Exception) -> Response:
    """Say that the database is away."""
    _log_away(error)
    return answer_words(request, 503, AWAY, {"retry-after": "10"})


def offer_again(error: Exception, token: str, fields: Mapping[str, str], settings: Settings) -> Response:
    """Say what is in the way now, with a form that holds what was typed and ticked."""
    if isinstance(error, HTTPException):
        status, words, headers = error.status_code, error.detail, error.headers
    else:
        _log_away(error)
        status, words, headers = 503, AWAY, {"retry-after": "10"}
    page = message_html(TITLES.get(status, OTHER_TITLE), words, settings, again=token, typed=fields)
    return HTMLResponse(page, status, headers)


def _log_away(error: Exception) -> None:
    known = isinstance(error, DBAPIError | PoolTimeoutError)
    logger.error("desk_without_database", error=described(error) if known else "no answer in time")
