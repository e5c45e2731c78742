"""`python -m worker exporter`: metrics for Prometheus."""

import typer

from config.logging import configure_logging
from config.settings import get_settings

app = typer.Typer()


@app.command()
def command() -> None:
    """Serve /metrics at EXPORTER_ADDRESS:EXPORTER_PORT until told to stop; needs no login, holds no personal data."""
    from worker.exporter.serve import serve

    settings = get_settings()
    configure_logging(settings)
    typer.echo(f"http://{settings.exporter_address}:{settings.exporter_port}/metrics", err=True)
    try:
        serve(settings)
    except OSError as error:
        place = f"{settings.exporter_address}:{settings.exporter_port}"
        typer.echo(f"EXPORTER_PORT: cannot listen at {place}: {error}", err=True)
        raise typer.Exit(1) from None
