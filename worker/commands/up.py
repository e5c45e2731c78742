"""`python -m worker up`: the whole stack on this machine, until Ctrl-C."""

import json
import platform
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from worker.commands.terminal import Output

if TYPE_CHECKING:
    from worker.embedded.stack import EmbeddedStack

app = typer.Typer()
console = Output(stderr=True, soft_wrap=True, highlight=False)

VAR = Path(__file__).resolve().parents[2] / "var"
SYSTEMS = {"Linux", "Darwin"}
Port = Annotated[int | None, typer.Option(min=1, max=65_535, show_default="the last one")]


@app.command()
def up(
    as_json: Annotated[bool, typer.Option("--json", help="When ready, print one line of JSON to stdout.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the data of earlier runs.")] = False,
    var: Annotated[Path, typer.Option(help="Where data and logs are kept.", show_default="var")] = VAR,
    flower_port: Port = None,
    inbox_port: Port = None,
    redis_port: Port = None,
    smtp_port: Port = None,
    desk_port: Port = None,
    metrics_port: Port = None,
) -> None:
    """Start PostgreSQL, Valkey, a mail server, worker, beat, Flower, tickets' pages and metrics, until Ctrl-C.

    What the environment names already (DATABASE_URL, REDIS_URL, SMTP_SERVER) is used, not started.
    """
    if platform.system() not in SYSTEMS:
        fail(f"the embedded stack runs on Linux and macOS, not on {platform.system()}: use WSL 2 or Docker")
    try:
        from worker.embedded.errors import StackError, explain
        from worker.embedded.running import run
        from worker.embedded.stack import Ports
    except ModuleNotFoundError as error:
        fail(f"{error.name} is not installed: pip install -e '.[embedded]'")

    chosen = (redis_port, smtp_port, inbox_port, flower_port, desk_port, metrics_port)
    ports = Ports(*chosen, fixed=var == VAR)
    with console.status("Starting …") as status:

        def ready(stack: "EmbeddedStack") -> None:
            status.stop()
            announce(stack, as_json)

        try:
            run(var, ports, fresh=fresh, say=say, ready=ready)
        except StackError as error:
            fail(str(error))
        except OSError as error:
            fail(explain(error))


def say(text: str) -> None:
    console.print(text, markup=False)


def fail(text: str) -> NoReturn:
    console.print(text, style="red", markup=False)
    raise typer.Exit(1)


def announce(stack: "EmbeddedStack", as_json: bool) -> None:
    """Say that everything answers, and where it is."""
    if as_json:
        typer.echo(json.dumps(stack.description()))
    else:
        say(places(stack))
    for warning in stack.warnings():
        console.print(warning, style="yellow", markup=False)
    say("Everything answers. Ctrl-C stops it.")


def places(stack: "EmbeddedStack") -> str:
    """What a person needs to look around; of servers that were given only that they are used."""
    description = stack.description()
    lines = {
        "Flower": description["flower_url"],
        "Mails": description["inbox_url"] or "go to SMTP_SERVER",
        "Tickets": f"the link in each mail; all at {description['desk_url']}: python -m worker web team-link add NAME",
        "Metrics": description["metrics_url"],
        "PostgreSQL": stack.postgres.url if stack.postgres else "DATABASE_URL is used",
        "Redis": stack.valkey.url if stack.valkey else "REDIS_URL is used",
        "Data, logs": str(stack.folder),
        "Commands": f". {shlex.quote(str(stack.environment_file))}, then python -m worker doctor",
    }
    return "\n".join(f"  {name:<12}{place}" for name, place in lines.items())
