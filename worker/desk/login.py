"""Login by an OpenID provider: its two addresses, and what is said where it fails."""

from typing import Final

import anyio
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from config.settings import Settings
from worker.desk.answers import TITLES, count_view, set_cookie, settings_of
from worker.desk.oidc import LOGIN_COOKIE, LOGIN_SECONDS, PERSON_COOKIE, PERSON_SECONDS, begin_login, finish_login
from worker.desk.pages import message_html

logger = structlog.get_logger()

LOGIN_FAILED: Final = (
    "The login did not work. Try it again; if that does not help, ask whoever runs the escalation worker."
)


async def open_login(request: Request) -> Response:
    """Send the browser to the OpenID provider."""
    settings = await _settings_for_login(request)
    address, kept = await anyio.to_thread.run_sync(begin_login, settings)
    answer = RedirectResponse(address, 303)
    set_cookie(answer, LOGIN_COOKIE, kept, settings, LOGIN_SECONDS)
    return answer


async def finish_at_callback(request: Request) -> Response:
    """Take the provider's answer, and lead to the list."""
    settings = await _settings_for_login(request)
    kept = request.cookies.get(LOGIN_COOKIE, "")
    person = await anyio.to_thread.run_sync(finish_login, settings, kept, request.query_params)
    answer = RedirectResponse("./", 303)
    set_cookie(answer, PERSON_COOKIE, person, settings, PERSON_SECONDS)
    set_cookie(answer, LOGIN_COOKIE, "", settings, 0)
    return answer


async def _settings_for_login(request: Request) -> Settings:
    await count_view(request)
    settings = settings_of(request)
    if not settings.oidc_issuer:
        raise HTTPException(404)
    return settings


def refuse_login(request: Request, error: Exception) -> Response:
    """Say that nobody is logged in; why is for the log alone."""
    logger.warning("desk_login_failed", error=str(error))
    page = message_html(TITLES[403], LOGIN_FAILED, settings_of(request), list_link="./")
    return HTMLResponse(page, 403)
