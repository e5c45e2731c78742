"""The address of the list of tickets, and of a team's link that opens it."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.settings import Settings
from services.database.engine import begin
from services.tickets.signed_links import LinkUnknown
from worker.desk.access import TEAM_COOKIE, find_team, read_proxy_user
from worker.desk.answers import answer_html, answer_words, ask, count_view, set_cookie, settings_of
from worker.desk.oidc import PERSON_COOKIE, find_person
from worker.desk.ticket_list import TicketFilter, list_html

FOR_TEAM: Final = "Open your team's link once on this device; ask whoever runs the escalation worker for it."


async def show_list(request: Request) -> Response:
    """Show the list to those who hold a team's link, have logged in, or come through an authenticating proxy."""
    settings = settings_of(request)
    await count_view(request)
    team = await _name_reader(request, settings)
    if team is None:
        return RedirectResponse("login", 303) if settings.oidc_issuer else answer_words(request, 403, FOR_TEAM)
    html = await ask(request, list_html, team, TicketFilter.from_query(request.query_params), settings)
    return answer_html(request, html)


async def _name_reader(request: Request, settings: Settings) -> str | None:
    if user := read_proxy_user(request, settings):
        return user
    token = request.cookies.get(TEAM_COOKIE)
    if token and (team := await ask(request, _find_team, token, settings)) is not None:
        return team
    kept = request.cookies.get(PERSON_COOKIE)
    return find_person(settings, kept) if kept else None


async def open_team_link(request: Request) -> Response:
    """Remember the team's link on this device, and lead to the list."""
    settings, token = settings_of(request), request.path_params["token"]
    if await ask(request, _find_team, token, settings) is None:
        raise LinkUnknown
    answer = RedirectResponse("../", 303)
    set_cookie(answer, TEAM_COOKIE, token, settings)
    return answer


def _find_team(token: str, settings: Settings) -> str | None:
    with begin() as connection:
        return find_team(connection, token, settings)
