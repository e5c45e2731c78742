"""`python -m worker web` (or `desk`): serves the ticket's page."""

from typing import Annotated

import typer
import uvicorn

from config.errors import ConfigurationError
from config.logging import configure_logging
from config.settings import Settings, get_settings
from services.database.engine import begin
from services.tickets.validation import UnfitText
from worker.commands.arguments import not_empty
from worker.commands.terminal import Output
from worker.desk.access import add_team_link, list_team_links, revoke_team_links
from worker.desk.app import create_app
from worker.liveness.program.page import watch_page

app = typer.Typer(help="Serve the page that the links in the support mails lead to.")

team_link = typer.Typer(help="Links that open the list of tickets; each works until it is revoked.")
app.add_typer(team_link, name="team-link")
console = Output()

STOP_SECONDS = 5
MOST_AT_ONCE = 100
LARGEST_HEADERS = 16_384


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(callback=not_empty, help="Where to listen; DESK_HOST unless given.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="DESK_PORT unless given.")] = None,
) -> None:
    """Serve the ticket's page and the list of tickets until told to stop; put a server that speaks TLS in front."""
    if context.invoked_subcommand:
        return
    settings = get_settings()
    if settings.public_url is None:
        raise ConfigurationError(
            "PUBLIC_URL: is missing, so no mail has a link to the page; set it and LINK_SECRET for the workers too"
        )
    configure_logging(settings)
    listens_at = host or settings.desk_host, settings.desk_port if port is None else port
    # Port 0 is any free one, which is known only later; that is for tests.
    if listens_at[1]:
        watch_page(*listens_at, "/health")
    uvicorn.Server(server_settings(settings, *listens_at)).run()


@team_link.command("add")
def add(name: Annotated[str, typer.Argument(help="Whose link it is, such as a team or a shared device.")]) -> None:
    """Make a link; whoever opens it sees the list on that device until you revoke it."""
    settings = get_settings()
    if settings.public_url is None:
        raise ConfigurationError("PUBLIC_URL: is missing, so there is no page that a link could lead to")
    try:
        with begin() as connection:
            console.print(add_team_link(connection, name, settings), soft_wrap=True, highlight=False)
    except UnfitText as error:
        raise typer.BadParameter(f"{name!r}: {error}", param_hint="NAME") from None


@team_link.command("list")
def list_links() -> None:
    """List all links by name, with the time when each was made and revoked."""
    with begin() as connection:
        links = list_team_links(connection)
    for link in links:
        state = f"revoked {link['revoked_at']:%Y-%m-%d %H:%M}" if link["revoked_at"] else "works"
        console.print(f"{link['name']}: made {link['created_at']:%Y-%m-%d %H:%M}, {state}", highlight=False)


@team_link.command("revoke")
def revoke(name: Annotated[str, typer.Argument(callback=not_empty, help="The link's name.")]) -> None:
    """Revoke a link at once."""
    with begin() as connection:
        revoked = revoke_team_links(connection, name)
    if not revoked:
        console.print(f"No link named {name!r} works: see python -m worker web team-link list", markup=False)
        raise typer.Exit(1)
    console.print(f"Links revoked: {revoked}")


def server_settings(settings: Settings, host: str, port: int) -> uvicorn.Config:
    """uvicorn's settings: no access log, since the addresses are secrets."""
    return uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_config=None,
        lifespan="off",
        # The application itself does it, since it has to know who connected.
        proxy_headers=False,
        limit_concurrency=MOST_AT_ONCE,
        h11_max_incomplete_event_size=LARGEST_HEADERS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
