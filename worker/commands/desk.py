"""`python -m worker web` (or `desk`): serves the ticket's page."""

from typing import Annotated

import typer
import uvicorn

from config.errors import ConfigurationError
from config.logging import configure_logging
from config.settings import Settings, get_settings
from worker.desk.app import create_app

app = typer.Typer(help="Serve the page that the links in the support mails lead to.")

STOP_SECONDS = 5
MOST_AT_ONCE = 100
LARGEST_HEADERS = 16_384


@app.command()
def command(
    host: Annotated[str | None, typer.Option(help="Where to listen; DESK_HOST unless given.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="DESK_PORT unless given.")] = None,
) -> None:
    """Run until told to stop. Put a server that speaks TLS in front of it (docs/tickets.md)."""
    settings = get_settings()
    if settings.public_url is None:
        raise ConfigurationError(
            "PUBLIC_URL: is missing, so no mail has a link to the page; set it and LINK_SECRET for the workers too"
        )
    configure_logging(settings)
    uvicorn.Server(
        server_settings(settings, host or settings.desk_host, settings.desk_port if port is None else port)
    ).run()


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
        forwarded_allow_ips=settings.desk_proxies,
        limit_concurrency=MOST_AT_ONCE,
        h11_max_incomplete_event_size=LARGEST_HEADERS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
