"""`python -m worker health …`: does this program, on this machine, do its work? For container health checks."""

import socket
from typing import Annotated, NoReturn
from urllib.error import URLError

import typer
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from config.settings import get_settings
from services.stream import connect
from worker.doorbell import SIGN_OF_LIFE
from worker.loopback import directly, reached_at

app = typer.Typer(no_args_is_help=True, help="Exit code 0 when the program works, 1 when it does not.")

PAGE_SECONDS = 5
Node = Annotated[str | None, typer.Option(help="The node's name.", show_default="NAME@this host")]


@app.command()
def worker(node: Node = None) -> None:
    """It answers, and its doorbell has rung within a minute."""
    answers(node or f"worker@{socket.gethostname()}")
    if not doorbell_rings():
        fail("the doorbell gives no sign of life: events wait for the sweep; restart the worker")


@app.command()
def mailer(node: Node = None) -> None:
    """It answers."""
    answers(node or f"mailer@{socket.gethostname()}")


@app.command()
def beat(node: Node = None) -> None:
    """It answers, which it does only while its clock ticks."""
    answers(node or f"celerybeat@{socket.gethostname()}")


@app.command()
def flower() -> None:
    """Its health page answers."""
    page(get_settings().flower_address, get_settings().flower_port, "/healthcheck")


@app.command()
def exporter() -> None:
    """Its metrics can be read."""
    page(get_settings().exporter_address, get_settings().exporter_port, "/metrics")


@app.command()
def desk() -> None:
    """The ticket's page answers, and its database does."""
    page(get_settings().desk_host, get_settings().desk_port, "/health")


def answers(node: str) -> None:
    from worker.celery_app import app as celery
    from worker.signs import nodes

    try:
        found = nodes(celery, [node])
    except (OperationalError, RedisError) as error:
        fail(f"the broker cannot be reached ({type(error).__name__}): look at REDIS_URL and at Redis")
    if not found:
        fail(f"{node} does not answer")
    typer.echo(f"{node} answers")


def doorbell_rings() -> bool:
    redis: Redis = connect(get_settings().redis_url.get_secret_value())
    try:
        return bool(redis.exists(SIGN_OF_LIFE))
    except RedisError as error:
        fail(f"Redis cannot be reached ({type(error).__name__})")
    finally:
        redis.close()


def page(listens_at: str, port: int, path: str) -> None:
    try:
        with directly.open(f"{reached_at(listens_at, port)}{path}", timeout=PAGE_SECONDS) as answer:
            typer.echo(f"{path} answers {answer.status}")
    except (URLError, OSError) as error:
        fail(f"{path} at port {port} does not answer: {error}")


def fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)
