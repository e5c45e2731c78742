"""`python -m worker health …`: does this program do its work? For people, and for the health checks of containers."""

import socket
from collections.abc import Sequence
from typing import Annotated, NoReturn
from urllib.error import URLError

import typer

from config.settings import get_settings
from worker.commands.arguments import not_empty
from worker.liveness.program.signs import SIGN_OF_LIFE
from worker.local_http import directly, reached_at

app = typer.Typer(no_args_is_help=True, help="Exit code 0 when the program works, 1 when it does not.")

PAGE_SECONDS = 5
BEAT = "celerybeat@"
Node = Annotated[str | None, typer.Option(callback=not_empty, help="Ask only this node, such as worker@host.")]
Own = Annotated[bool, typer.Option("--own", help="Ask only the node of this host: NAME@HOST.")]


@app.command()
def worker(node: Node = None, own: Own = False) -> None:
    """Who consumes events and sweeps answers, and the doorbell has rung within a minute."""
    ask("worker@", node, own, queues=("events", "sweeps"))
    if not doorbell_rings():
        fail("the doorbell gives no sign of life: events wait for the sweep; restart the worker")


@app.command()
def mailer(node: Node = None, own: Own = False) -> None:
    """Who consumes urgent and mail answers."""
    ask("mailer@", node, own, queues=("urgent", "mail"))


@app.command()
def listener(node: Node = None, own: Own = False) -> None:
    """The second ear answers."""
    ask("listener@", node, own, queues=("listen",))


@app.command()
def beat(node: Node = None, own: Own = False) -> None:
    """A beat answers, which it does only while its clock ticks."""
    ask(BEAT, node, own)


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


def ask(prefix: str, node: str | None, own: bool, queues: Sequence[str] = ()) -> None:
    """A node by its name, or whoever does this work, whatever their names are."""
    # Here and below, since checks run every few seconds and those of pages need neither Celery nor Redis.
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError

    if own and node:
        raise typer.BadParameter(f"--node {node} and --own name two nodes: give one of them")
    if own:
        node = f"{prefix}{socket.gethostname()}"
    try:
        found = answering([node]) if node else consuming(queues) if queues else beats()
    except (OperationalError, RedisError) as error:
        fail(f"the broker cannot be reached ({type(error).__name__}): look at REDIS_URL and at Redis")
    if not found:
        fail(f"{node} does not answer" if node else "no beat answers: start it")
    typer.echo(f"{', '.join(found)} {'answers' if len(found) == 1 else 'answer'}")


def answering(names: list[str] | None = None) -> list[str]:
    from tasks.celery_config import app as celery
    from worker.liveness.nodes import nodes

    return nodes(celery, names)


def beats() -> list[str]:
    return [name for name in answering() if name.startswith(BEAT)]


def consuming(queues: Sequence[str]) -> list[str]:
    """Who consumes them; without anybody for one of them the command ends."""
    from tasks.celery_config import app as celery
    from worker.liveness.nodes import consumers

    found = consumers(celery)
    if missing := [queue for queue in queues if queue not in found]:
        fail(f"no worker that answers consumes {' and '.join(missing)}: start one with -Q {','.join(queues)}")
    return sorted({name for queue in queues for name in found[queue]})


def doorbell_rings() -> bool:
    from redis.exceptions import RedisError

    from services.events.stream import connect

    redis = connect(get_settings().redis_url.get_secret_value())
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
